"""CLAIM: what a study of artificial intelligence in medical imaging should report, the 44 items of 2024."""

from __future__ import annotations

from training.checklists import methods, results
from training.checklists.study import Item

CLAIM_SOURCE = (
    "Checklist for Artificial Intelligence in Medical Imaging, the update of 2024 with 44 items "
    "(Tejani 2024, Radiol Artif Intell 6:e240300)."
)
NOT_PUBLISHED = "The collections do not publish it with the photos."

CLAIM = (
    Item("1", "Identified as a study of AI, with the kind of technology", methods.title),
    Item("2", "Summary of design, methods, results, conclusions", methods.summary),
    Item("3", "Background, intended use and role", lambda x: f"{methods.background(x)} {methods.intended_use(x)}"),
    Item("4", "Aims, objectives, hypotheses", methods.objectives),
    Item("5", "Prospective or retrospective", lambda _: "Retrospective: photos that collections had published."),
    Item("6", "Goal of the study", methods.objectives),
    Item("7", "Data sources", methods.data_sources),
    Item("8", "Inclusion and exclusion criteria", methods.eligibility),
    Item("9", "Data preprocessing", methods.preparation),
    Item(
        "10",
        "Selection of parts of the data",
        lambda _: (
            "Of the photo its centre square; of the collections everything. Robustness is measured on one photo a "
            "lesion, as many benign as malignant, drawn with a fixed seed."
        ),
    ),
    Item(
        "11",
        "De-identification",
        lambda _: (
            "By the collections before they published. Here the pixels alone are read; metadata is cut off before "
            "decoding (`functions/triage/pixels.py`)."
        ),
    ),
    Item("12", "Missing data", methods.missing_data),
    Item(
        "13",
        "Image acquisition protocol",
        f"{NOT_PUBLISHED} Dermatoscopes of several makers; the model of each is unknown.",
    ),
    Item("14", "How the reference standard was obtained", methods.outcome),
    Item("15", "Why this reference standard", methods.reference_rationale),
    Item("16", "Source of the annotations", methods.data_sources),
    Item("17", "Annotation of the test set", lambda x: f"As of the other sets. {methods.outcome(x)}"),
    Item("18", "Variability between and within annotators", NOT_PUBLISHED),
    Item("19", "How data were assigned to partitions", methods.partitions),
    Item("20", "At which level partitions are disjoint", methods.disjoint),
    Item("21", "Intended sample size", methods.sample_size),
    Item("22", "The model in detail", methods.model_type),
    Item("23", "Software libraries", results.libraries),
    Item("24", "Initial parameters", results.initialisation),
    Item("25", "Training in detail", methods.training_details),
    Item("26", "How the final model was selected", methods.selection),
    Item("27", "Ensembling", lambda _: "None: one network serves, its weights the mean of a few epochs' weights."),
    Item("28", "Metrics of performance", methods.measures),
    Item("29", "Measures of significance and uncertainty", methods.uncertainty),
    Item("30", "Robustness or sensitivity analysis", results.robustness),
    Item("31", "Explainability", results.explanation),
    Item("32", "Evaluation on internal data", results.performance),
    Item("33", "Testing on external data", results.external),
    Item("34", "Registration as a clinical trial", "It is no trial: nobody was treated or assigned by the model."),
    Item("35", "Numbers included and excluded", results.flow),
    Item("36", "Demographic and clinical characteristics by partition", results.characteristics),
    Item("37", "Performance with statistical uncertainty", results.performance),
    Item("38", "Diagnostic performance and its precision", results.accuracy_estimates),
    Item("39", "Failure analysis", results.failures),
    Item("40", "Limitations", results.limitations),
    Item("41", "Implications for practice", methods.intended_use),
    Item("42", "Full protocol or technical details", results.trial_log),
    Item("43", "Availability of software, model and data", results.availability),
    Item("44", "Funding", "The program that fills this sheet does not know it; who publishes the model must state it."),
)
