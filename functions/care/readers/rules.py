"""What a name says: whether the place is unsuitable, and whether its work is cancer or skin.

Names are compared folded (no case, accents or punctuation) and by whole words, as `Departmental` holds `mental`,
`Monkole` holds `onkol` and `Gardermoen` holds `derm`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from functions.care.places import folded

if TYPE_CHECKING:
    from functions.care.site import Kind

_HOSPITAL = (
    r"hospital\w*|hopital\w*|hospices civils|medical cent(er|re)|krankenhaus|klinik\w*|spital\w*|szpital\w*|"
    r"ospedal\w*|"
    r"nemocnic\w*|ziekenhuis|sykehus\w*|sjukhus\w*|sairaala|infirmary|mphat|umbal|mbal"
)
# Words of an institution: a place that has one is not one person's practice, and is more than a dental office.
_INSTITUTION = (
    r"memorial|government|govt|district|general|national|civil|municipal\w*|universit\w*|college|institut\w*|"
    r"foundation|"
    r"trust|regional\w*|provincial\w*|community|charitable|mission|public\w*|state|medical cent(er|re)|mphal|"
    r"mphat|mbal|umbal|infirmary|"
    r"health cent(er|re)"
)
_UNSUITABLE: tuple[tuple[str, str, str], ...] = (
    # what it is, the words that say so, the words that say otherwise
    (
        "psychiatric or addiction",
        (
            r"psychiatr\w*|psiquiatr\w*|psichiatr\w*|psykiatri\w*|psychosom\w*|psych|mental|behaviou?ral|addict\w*|"
            r"addiction\w*|"
            r"adicc\w*|sante mentale|salud mental|detox\w*|substance abuse|alcohol\w*|drug (rehab\w*|treatment|"
            r"dependency)|"
            r"methadone|rus|rusklinik\w*|rusmedisin|rusbehandling\w*|de crise|crisis cent(er|re)|nervenklinik|"
            r"nervenheilkunde|caps|toxicoman\w*|counsell?ing"
        ),
        r"general (and|&) mental|2 caps",
    ),
    ("veterinary", r"veterinar\w*|animal|pet (hospital|clinic)|tierklinik|tierarzt\w*|veterinaire", r"^$"),
    (
        "prison",
        (
            r"prison\w*|corrections?|correctional|laisves atemimo|correc?cional|penitentiar\w*|penitenciar\w*|"
            r"penal|jail|detention|"
            r"gaol|presidio|carcel|inmate"
        ),
        r"detention pond|presidio ospedaliero",
    ),
    ("closed", r"closed|closed down|defunct|demolished|ferme|cerrado|abandoned|permanently closed", r"^$"),
    (
        "mobile unit",
        (
            r"mobile( (unit|van|clinic|health|medical|dental)\w*)?|movil|itinerante?|ambulatorio movel|"
            r"unidade movel|medical van"
        ),
        r"mobile (infirmary|al|alabama)|(university|city|county) of mobile|mobile county|usa",
    ),
    (
        "school",
        (
            r"schools?|elementary|elem sch\w*|junior high|jr high|senior high|academy|isd|sbhc|student (health|"
            r"wellness)|"
            r"preschool|head start|kindergarten|k 8"
        ),
        r"school of (medicine|nursing)|medical school|school (of )?(rd|road|street|st|ave|lane|hill)|old school|"
        + _HOSPITAL,
    ),
    (
        "dental",
        (
            r"dental\w*|dentist\w*|odontolog\w*|orthodont\w*|stomatolog\w*|zahn\w*|tandlaeg\w*|dentaire|dentisterie|"
            r"smile\w*"
        ),
        (
            r"(medical|health|medicine|primary care|doctors?) (and |y |n )?dental|dental (and )?(medical|health|"
            r"family)|"
            r"medico dental|general"
        ),
    ),
    (
        "pharmacy, laboratory, optical or other service",
        (
            r"pharmac\w*|farmaci\w*|apothe\w*|chemist|drug ?store|laborator\w*|diagnostics?( cent(er|re))?|"
            r"imaging|x ray|"
            r"optic(s|al|ian)\w*|opticas?|eye ?wear|blood bank|ambulance|"
            r"physiotherap\w*|acupunct\w*|dialysis|dialise|wic|massage"
        ),
        r"general|cancer|oncolog\w*|teaching|multi ?speciali\w*|" + _HOSPITAL,
    ),
    (
        "rehabilitation, long-term, palliative or nursing care",
        (
            r"rehab\w*|rehabilit\w*|reha|reeducation|readaptation|long term|convalesc\w*|hospice|palliat\w*|geriat\w*|"
            r"pflegeheim|residential|retirement|soins de suite|larga estancia|ehpad|birth(ing)? (house|cent(er|re))|"
            r"geburtshaus"
        ),
        (
            r"general|acute|teaching|university|cancer|oncolog\w*|hospices civils|hospital and rehab\w*|"
            r"family health"
        ),
    ),
    (
        "traditional or alternative medicine",
        (
            r"ayurved\w*|homo?eopath\w*|homeopat\w*|unani|siddha|naturopath\w*|herbal\w*|chiropract\w*|"
            r"traditional (medicine|heal\w*)|"
            r"panchakarma|yoga|reiki|osteopathe?"
        ),
        r"general hospital|osteopathic (medical|hospital)",
    ),
    (
        "administrative office",
        r"administrati(ve|on)( (office|building))?|admin|headquarters|head office|billing",
        _HOSPITAL,
    ),
    (
        "cosmetic",
        r"cosmetic\w*|aesthetic\w*|estetica|slimming|beauty (clinic|salon|cent(er|re))|hair transplant\w*|laser hair",
        r"general|plastic|burns?",
    ),
)
_TESTED = tuple((what, re.compile(rf"\b({words})\b"), re.compile(rf"\b({but})\b")) for what, words, but in _UNSUITABLE)
_PERSON = re.compile(
    r"^(the )?(dr|drs|dra|doctor|doctora|doktor|docteur|prof)\b|\b(cabinet|praxis|consultorio|ordinace|clinique|"
    r"clinic|clinica) "
    r"(medical )?(du |de la |de |del )?(dr|dra|docteur|doctor|doctora)\b|\b(md|m d|mbbs|m b b s|gynaecologist|"
    r"dentist)$|"
    r"\bdrs? [a-z]+( [a-z]+)? ?(s )?(clinic|surgery|practice|rooms|nursing home|dispensary)\b|\bdr [a-z]+ s\b"
)
_INSTITUTIONAL = re.compile(rf"\b({_INSTITUTION})\b")
_CANCER = re.compile(
    r"\b(cancer\w*|anticancer\w*|onco\w*|onkolog\w*|ongolog\w*|radiotherap\w*|radioterap\w*|strahlentherap\w*|"
    r"radiation (oncology|therapy)|tumou?rs?|tumor(zentrum|klinik\w*|i|es)|krebs\w*|rak|kanker|neoplas\w*|"
    r"neoplasic\w*|"
    r"radium(hospital\w*)?|karzinom\w*|carcinom\w*|lutte contre le cancer|onkologii|onkoloogia|onkologij\w*)\b"
)
_NOT_CANCER_CARE = re.compile(
    r"\b(screening|depistage|mammograph\w*|prevention|laborator\w*|rehab\w*|rehabilit\w*|society|"
    r"charity|support|hospice|palliat\w*|hotel|pharmac\w*)\b"
)
# Hospitals whose whole work is cancer and whose names do not say so.
_CANCER_HOSPITALS = re.compile(
    r"\b(royal marsden|the christie|christie (nhs|hospital)|weston park|sloan kettering|md anderson|dana farber|"
    r"gustave roussy|institut (curie|bergonie|paoli calmettes)|oscar lambret|leon berard|peter maccallum|"
    r"tata memorial (hospital|cent(er|re)))\b"
)
_SKIN = re.compile(
    r"\b(dermatolog\w*|dermato|hautklinik|hautarzt\w*|hudklinik\w*|skin (hospital|clinic|cent(er|re)|institute|"
    r"diseases?|care|cancer)|"
    r"dermatoveneroolog\w*|ihotaud\w*)\b"
)
_GENERIC = re.compile(
    r"(the |la |le |el )?(clinic|clinique|clinica|hospital|hopital|health cent(er|re)|centre de sante|"
    r"dispensary|medical cent(er|re)|"
    r"doctors?|unknown|unnamed|no name|hospital clinic|health post|pharmacy)"
)
_MINOR = re.compile(
    r"\b(dispensar\w*|dispensaire|health cent(er|re)|centre de sante|centre medical|csps|csref|cscom|"
    r"health post|poste de sante|"
    r"clinic|chps)\b"
)


@lru_cache(maxsize=4096)
def unsuitable(name: str) -> str:
    """Return why a place with this name is no place to show a spot to, or ""."""
    words = folded(name)
    for what, said, otherwise in _TESTED:
        if said.search(words) and not otherwise.search(words):
            return what
    return ""


def is_practice_of_a_person(name: str) -> bool:
    """Say whether a name is that of one person's practice; an institution that honours a person is none."""
    words = folded(name)
    return bool(_PERSON.search(words)) and not _INSTITUTIONAL.search(words)


def is_cancer_center(words: str) -> bool:
    """Say whether a name, or a type or speciality in a source's words, is that of a place that treats cancer."""
    bare = folded(words)
    is_named = bool(_CANCER.search(bare)) and not _NOT_CANCER_CARE.search(bare)
    return is_named or bool(_CANCER_HOSPITALS.search(bare))


def is_dermatology(words: str) -> bool:
    """Say whether a name, or a type or speciality in a source's words, says dermatology."""
    return bool(_SKIN.search(folded(words)))


def kind_by_name(name: str, otherwise: Kind) -> Kind:
    """Return the kind that a name says, or the one that the source's type says."""
    if is_cancer_center(name):
        return "cancer_center"
    return "dermatology" if is_dermatology(name) else otherwise


def is_below_hospital(name: str) -> bool:
    """Say whether a place that a map calls a hospital is by its name a health centre or a dispensary."""
    words = folded(name)
    return bool(_MINOR.search(words)) and not re.search(rf"\b({_HOSPITAL})\b", words)


def is_usable(name: str) -> bool:
    """Say whether a name tells one place from another."""
    words = folded(name)
    return len(words) > 1 and not words.isdigit() and not _GENERIC.fullmatch(words)
