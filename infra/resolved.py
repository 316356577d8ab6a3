"""A CloudFormation template with its references replaced: plain text, without an account."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
ACCOUNT, REGION = "123456789012", "eu-central-1"
NO_VALUE = object()
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NoValue": NO_VALUE,
}
_ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{name}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{name}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}:*",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{name}}",
}
# What a Ref gives where that is no name.
_PUBLISHED = {"AWS::Lambda::Alias", "AWS::Lambda::Version"}
_REF_IS_ARN = {"AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"}


class Stack:
    """A template under given parameters.

    Args:
        template: CloudFormation, its functions written out (`Fn::Sub`, not `!Sub`).
        stack_name: of which the names of its resources are made.
        attributes: what Fn::GetAtt gives, where that cannot be known from the template: `Logical.Attribute`.
        parameters: instead of the template's defaults.

    Raises:
        KeyError: a parameter that the template does not have.

    """

    def __init__(
        self,
        template: dict[str, Any],
        stack_name: str = "dermacast-test",
        attributes: Mapping[str, str] = {},
        **parameters: str,
    ) -> None:
        declared = template["Parameters"]
        if unknown := parameters.keys() - declared.keys():
            raise KeyError(f"the template has no parameters {sorted(unknown)}")
        self._pseudo = PSEUDO | {"AWS::StackName": stack_name}
        self._attributes = attributes
        self._values = {name: str(given.get("Default", "")) for name, given in declared.items()} | parameters
        self._conditions = template.get("Conditions", {})
        self._raw = template["Resources"]
        self.resources = {
            name: self.resolve(resource)
            for name, resource in self._raw.items()
            if "Condition" not in resource or self.holds(resource["Condition"])
        }

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of every resource of a type, by logical name."""
        return {n: r.get("Properties", {}) for n, r in self.resources.items() if r["Type"] == kind}

    def holds(self, condition: str) -> bool:
        """Return whether a condition holds."""
        return self._true(self._conditions[condition])

    def name(self, logical: str) -> str:
        """Return the name that a resource has, or that CloudFormation might give it."""
        properties = self._raw[logical].get("Properties", {})
        for key in ("LogGroupName", "StateMachineName", "Name"):
            if key in properties:
                return str(self.resolve(properties[key]))
        return f"{self._pseudo['AWS::StackName']}-{logical.lower()}"

    def arn(self, logical: str) -> str:
        """Return a resource's ARN."""
        return _ARNS[self._raw[logical]["Type"]].format(name=self.name(logical))

    def resolve(self, value: Any) -> Any:
        """Return a value of the template with its functions applied."""
        if isinstance(value, list):
            return [one for one in map(self.resolve, value) if one is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return self._ref(argument)
            if function.startswith("Fn::"):
                return getattr(self, "_" + function.removeprefix("Fn::").lower())(argument)
        found = {key: self.resolve(one) for key, one in value.items()}
        return {key: one for key, one in found.items() if one is not NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._values:
            return self._values[name]
        kind, properties = self._raw[name]["Type"], self._raw[name].get("Properties", {})
        if kind in _PUBLISHED:
            function = properties["FunctionName"]["Ref"]
            return f"{self.arn(function)}:{properties.get('Name', 1)}"
        return self.arn(name) if self._raw[name]["Type"] in _REF_IS_ARN else self.name(name)

    def _getatt(self, argument: Any) -> str:
        logical, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        if (known := f"{logical}.{attribute}") in self._attributes:
            return self._attributes[known]
        if attribute == "Arn" and self._raw[logical]["Type"] in _ARNS:
            return self.arn(logical)
        return self.name(logical) if attribute == "QueueName" else f"{self.name(logical)}.{attribute}"

    def _sub(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})

        def put(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in own:
                return str(self.resolve(own[name]))
            return str(self._getatt(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", put, text)

    def _join(self, argument: Any) -> str:
        return str(argument[0]).join(map(str, self.resolve(argument[1])))

    def _if(self, argument: Any) -> Any:
        return self.resolve(argument[1] if self.holds(argument[0]) else argument[2])

    def _true(self, condition: Any) -> bool:
        ((function, argument),) = condition.items()
        if function == "Condition":
            return self.holds(argument)
        if function == "Fn::Not":
            return not self._true(argument[0])
        if function == "Fn::And":
            return all(map(self._true, argument))
        if function == "Fn::Or":
            return any(map(self._true, argument))
        if function != "Fn::Equals":
            raise KeyError(f"{function} is no condition that is known here")
        return str(self.resolve(argument[0])) == str(self.resolve(argument[1]))


def read_template() -> dict[str, Any]:
    """Return template.yaml, its short forms written out."""
    text = (ROOT / "template.yaml").read_text("utf-8")
    template: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - it makes plain values
    return template


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Sub`) as what they stand for (`Fn::Sub`)."""


def _written_out(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _written_out)
# A version such as 2012-10-17 is text.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
