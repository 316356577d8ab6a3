"""Turn template.yaml into plain CloudFormation, as the service does; run by the Python that SAM is installed in.

`python transform.py template.yaml` writes JSON to standard output. What `sam build` and `sam package` put in the
template before, the images' addresses and the state machines' files, is put in here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3
from samcli.yamlhelper import yaml_parse  # type: ignore[import-not-found]  # SAM has an environment of its own
from samtranslator.parser.parser import Parser  # type: ignore[import-not-found]
from samtranslator.translator.translator import Translator  # type: ignore[import-not-found]

IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/dermacast:1"


def main(path: Path) -> None:
    """Write the transformed template."""
    template = yaml_parse(path.read_text("utf-8"))
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties.setdefault("ImageUri", IMAGE)
        if resource["Type"] == "AWS::Serverless::StateMachine":
            definition = path.parent / properties.pop("DefinitionUri")
            properties["Definition"] = json.loads(definition.read_text("utf-8"))
    session = boto3.Session(region_name="eu-central-1")
    plain = Translator({}, Parser(), None, session).translate(template, {"AWS::Region": "eu-central-1"})
    json.dump(plain, sys.stdout, indent=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
