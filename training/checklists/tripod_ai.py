"""TRIPOD+AI: what a study of a prediction model should report, 27 items with their parts."""

from __future__ import annotations

from training.checklists import methods, results
from training.checklists.study import Item

TRIPOD_AI_SOURCE = "TRIPOD+AI, 27 items in 52 parts (Collins 2024, BMJ 385:e078378)."
NOT_PUBLISHED = "The collections do not publish it with the photos."

TRIPOD_AI = (
    Item("1", "Title: developing or evaluating a model, for whom, for which outcome", methods.title),
    Item("2", "A structured abstract", methods.summary),
    Item("3a", "Health-care context and rationale, existing models", methods.background),
    Item("3b", "Target population, purpose in the pathway, intended users", methods.intended_use),
    Item(
        "3c",
        "Known health inequalities between groups",
        lambda _: (
            "Melanoma of dark skin is found later, and public photos of it are rare: a model that learned from "
            "light skin may widen that gap (Daneshjou 2022, Sci Adv 8:eabq6147)."
        ),
    ),
    Item("4", "Objectives: development, evaluation or both", methods.objectives),
    Item("5a", "Sources of data, and how representative they are", methods.data_sources),
    Item("5b", "Dates of collection", NOT_PUBLISHED),
    Item("6a", "Setting, number and place of centres", methods.setting),
    Item("6b", "Who was eligible", methods.eligibility),
    Item("6c", "Treatments received", NOT_PUBLISHED),
    Item("7", "Preparation of the data, alike in all groups", methods.preparation),
    Item("8a", "The outcome, when and how assessed", methods.outcome),
    Item("8b", "Who assessed outcomes that need judgement", NOT_PUBLISHED),
    Item("8c", "Blinding of the assessors", f"{NOT_PUBLISHED} The model did not exist when the diagnoses were made."),
    Item("9a", "Choice of the first predictors", methods.predictors),
    Item("9b", "Definition of each predictor, how and when measured", methods.preparation),
    Item(
        "9c",
        "Who assessed predictors that need judgement",
        lambda _: "None needs it: pixels are measured; age, sex and site are as the collections state them.",
    ),
    Item("10", "Sample size and why", methods.sample_size),
    Item("11", "Missing data", methods.missing_data),
    Item("12a", "How the data were used to develop and evaluate", methods.partitions),
    Item("12b", "How predictors were handled", methods.preparation),
    Item(
        "12c",
        "Kind of model, its making, tuning, internal validation",
        lambda x: f"{methods.model_type(x)} {methods.training_details(x)}" if x.history else "",
    ),
    Item("12d", "Differences between clusters", methods.heterogeneity),
    Item("12e", "Measures of performance and why", methods.measures),
    Item(
        "12f",
        "Updating of the model after evaluation",
        "None was made: a changed model is another version with another card.",
    ),
    Item("12g", "How predictions were calculated for evaluation", methods.served_predictions),
    Item("13", "Class imbalance: methods, and recalibration after them", methods.imbalance),
    Item("14", "Fairness: approaches and why", results.fairness),
    Item("15", "Output, and thresholds with their rationale", methods.output),
    Item("16", "Differences between development and evaluation data", results.differences),
    Item(
        "17",
        "Ethical approval",
        "None was asked for here: the photos are public and carry no names. The collections' papers state theirs.",
    ),
    Item(
        "18a", "Funding", "The program that fills this sheet does not know it; who publishes the model must state it."
    ),
    Item(
        "18b",
        "Conflicts of interest",
        "The program that fills this sheet does not know them; who publishes the model must state them.",
    ),
    Item("18c", "Protocol", results.trial_log),
    Item("18d", "Registration", "The study is not registered: it looks back at public data."),
    Item("18e", "Data sharing", methods.data_sources),
    Item("18f", "Code sharing", results.availability),
    Item("19", "Patients and the public taking part", "None took part in design, conduct or reporting."),
    Item("20a", "Flow of participants", results.flow),
    Item("20b", "Characteristics of the participants", results.characteristics),
    Item("20c", "Comparison of development and evaluation data", results.differences),
    Item("21", "Participants and events of each analysis", results.numbers),
    Item("22", "The full model, so that others can predict with it", results.specification),
    Item("23a", "Performance with intervals, also of key groups", results.performance),
    Item("23b", "Heterogeneity of performance between clusters", methods.heterogeneity),
    Item("24", "Results of updating", "Nothing was updated."),
    Item(
        "25",
        "Interpretation, fairness included",
        lambda x: f"{results.interpretation(x)} {results.fairness(x)}" if x.card.groupings else "",
    ),
    Item("26", "Limitations", results.limitations),
    Item("27a", "How poor or absent input is handled in use", results.poor_input),
    Item("27b", "What users must do, and how expert they must be", results.user_interaction),
    Item("27c", "Next steps of research", results.next_steps),
)
