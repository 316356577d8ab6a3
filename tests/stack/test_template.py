"""The transformed template: what answers, what watches, what is kept, and what every setting means."""

from __future__ import annotations

import importlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from forecasting.refresh_run import RefreshSettings
from functions.batches.settings import BatchesSettings
from functions.care.settings import CareSettings
from functions.common import door
from functions.forecasts.settings import ForecastsSettings
from functions.monitoring.settings import MonitoringSettings
from functions.registry.settings import RegistrySettings
from functions.triage.hook import HookSettings
from functions.triage.judging import OF_VERSION
from functions.triage.settings import TriageSettings
from tests.stack.conftest import EVERYTHING, ROOT
from training.steps import StepsSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_settings import BaseSettings

    from infra.resolved import Stack

SETTINGS: dict[str, tuple[type[BaseSettings], ...]] = {
    "functions.triage.handler.handler": (TriageSettings,),
    "functions.triage.hook.handler": (HookSettings,),
    "functions.forecasts.handler.handler": (ForecastsSettings,),
    "functions.care.handler.handler": (CareSettings,),
    "functions.registry.handler.handler": (RegistrySettings,),
    "functions.registry.public_key.handler": (),
    "functions.monitoring.handler.handler": (MonitoringSettings,),
    **{f"forecasting.refresh.{step}": (RefreshSettings,) for step in ("plan", "forecast", "publish")},
    **{f"functions.batches.handler.{step}": (BatchesSettings, TriageSettings) for step in ("plan", "judge", "merge")},
    **{f"training.steps.{step}": (StepsSettings,) for step in ("plan", "judge", "register")},
}
BUCKETS = ("AccessLog", "Uploads", "Models", "Training", "Batches", "Publications", "Registries", "Monitoring")


def functions_of(stack: Stack) -> dict[str, dict[str, Any]]:
    return stack.of_type("AWS::Lambda::Function")


def command_of(function: dict[str, Any]) -> str:
    (command,) = function["ImageConfig"]["Command"]
    return str(command)


def variables(function: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = function.get("Environment", {}).get("Variables", {})
    return found


# --- routes


def routes_of(stack: Stack) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield API, path, method and operation."""
    for name, api in stack.of_type("AWS::ApiGateway::RestApi").items():
        for path, methods in api["Body"]["paths"].items():
            for method, operation in methods.items():
                if method != "options":
                    yield name, path, method, operation


def test_every_route_has_an_integration_and_a_permission_for_just_that_function(stack: Stack) -> None:
    permissions = [
        (p["FunctionName"], p["SourceArn"])
        for p in stack.of_type("AWS::Lambda::Permission").values()
        if p["Principal"] == "apigateway.amazonaws.com"
    ]
    routes = list(routes_of(stack))
    assert len(routes) == len(permissions) == 12
    for api, path, _method, operation in routes:
        uri = operation["x-amazon-apigateway-integration"]["uri"]
        (alias,) = re.findall(r"functions/(.+)/invocations", uri)
        assert alias.endswith(":live")
        shape = re.sub(r"\{[^}]+\}", "*", path)
        (source,) = [
            arn
            for name, arn in permissions
            if name == alias and f":{stack.name(api)}/" in arn and arn.endswith(f"/*{shape}")
        ]
        assert source.startswith("arn:aws:execute-api:")


@pytest.mark.parametrize(
    ("path", "room"),
    [
        ("/", "Triage"),
        ("/v1/predictions", "Triage"),
        ("/openapi.json", "Triage"),
        ("/forecasts", "Forecasts"),
        ("/forecasts/page/app.js", "Forecasts"),
        ("/v1/forecasts", "Forecasts"),
        ("/v1/forecasts/x.csv", "Forecasts"),
        ("/v1/care", "Care"),
        ("/care/openapi.json", "Care"),
    ],
)
def test_each_address_reaches_its_room_as_on_one_machine(stack: Stack, path: str, room: str) -> None:
    from functions.care.routes import is_care
    from functions.forecasts.routes import is_forecasts

    routes = {p: o for api, p, _, o in routes_of(stack) if api == "Api"}
    # API Gateway takes the most specific: an exact one, else the longest before {proxy+}.
    greedy = sorted((p for p in routes if "{proxy+}" in p and path.startswith(p.removesuffix("{proxy+}"))), key=len)
    chosen = routes[path] if path in routes else routes[greedy[-1]]
    assert f"{stack.arn(f'{room}Function')}:live/" in chosen["x-amazon-apigateway-integration"]["uri"]
    local = "Forecasts" if is_forecasts(path) else "Care" if is_care(path) else "Triage"
    assert local == room


def test_a_room_gives_up_before_its_function_is_ended(stack: Stack) -> None:
    timeouts = {name: int(function["Timeout"]) for name, function in functions_of(stack).items()}
    assert timeouts["TriageFunction"] - 2 >= door.PREDICTION_WITHIN_S
    for name in ("ForecastsFunction", "CareFunction"):
        assert timeouts[name] - 1 >= door.ANSWER_WITHIN_S


def test_an_answer_comes_before_the_gateway_gives_up(stack: Stack) -> None:
    timeouts = {stack.arn(name): function["Timeout"] for name, function in functions_of(stack).items()}
    for api, _path, _method, operation in routes_of(stack):
        integration = operation["x-amazon-apigateway-integration"]
        (alias,) = re.findall(r"functions/(.+)/invocations", integration["uri"])
        gateway_s = integration.get("timeoutInMillis", 29_000) / 1000
        function_s = timeouts[alias.removesuffix(":live")]
        assert function_s < gateway_s <= 29, (api, alias)


def test_downloads_of_forecasts_ask_for_analysts_only_where_a_pool_is_named(stack: Stack, small: Stack) -> None:
    def asked(of: Stack) -> dict[str, Any]:
        return {p: o.get("security") for api, p, _, o in routes_of(of) if api == "Api"}

    assert asked(stack)["/v1/forecasts/{proxy+}"] == [{"Analysts": []}]
    assert not any(asked(small).values())
    assert [p for p, security in asked(stack).items() if security] == ["/v1/forecasts/{proxy+}"]
    schemes = stack.resources["Api"]["Properties"]["Body"]["components"]["securitySchemes"]
    assert schemes["Analysts"]["x-amazon-apigateway-authorizer"]["providerARNs"] == [EVERYTHING["AnalystsUserPoolArn"]]


def test_every_route_for_apps_asks_for_a_key(stack: Stack) -> None:
    assert all(o["security"] == [{"api_key": []}] for api, _, _, o in routes_of(stack) if api == "AppsApi")
    (plan,) = stack.of_type("AWS::ApiGateway::UsagePlan").values()
    assert (int(plan["Quota"]["Limit"]), plan["Quota"]["Period"]) == (10_000, "DAY")


def test_errors_of_the_gateway_are_problems_that_pages_may_read(stack: Stack) -> None:
    for api in stack.of_type("AWS::ApiGateway::RestApi").values():
        for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
            told = api["Body"]["x-amazon-apigateway-gateway-responses"][kind]
            assert told["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
            assert told["responseParameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
            problem = json.loads(told["responseTemplates"]["application/json"])
            assert problem.keys() == {"type", "title", "code", "detail", "request_id"}
        assert api["BinaryMediaTypes" if "BinaryMediaTypes" in api else "Body"]
    body = stack.resources["Api"]["Properties"]["Body"]
    assert body["x-amazon-apigateway-binary-media-types"] == ["*/*"]
    assert all("options" in methods for methods in body["paths"].values())


def test_access_logs_hold_no_address_of_a_person_and_no_query(stack: Stack) -> None:
    for stage in stack.of_type("AWS::ApiGateway::Stage").values():
        line = json.loads(stage["AccessLogSetting"]["Format"])
        told = " ".join(line.values())
        assert not re.search(r"sourceIp|userAgent|\$context\.path|querystring|caller|\bbody\b", told)
        (settings,) = stage["MethodSettings"]
        assert settings["DataTraceEnabled"] is False
        assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == ("50", "100")


def test_the_firewall_lets_photos_through_and_writes_no_query(stack: Stack) -> None:
    (wall,) = stack.of_type("AWS::WAFv2::WebACL").values()
    rules = {rule["Name"]: rule for rule in wall["Rules"]}
    assert rules["pace"]["Statement"]["RateBasedStatement"]["Limit"] == "300"
    overrides = rules["common"]["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    assert {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}} in overrides
    label, but = rules["large-bodies-elsewhere"]["Statement"]["AndStatement"]["Statements"]
    assert label["LabelMatchStatement"]["Key"].endswith("SizeRestrictions_Body")
    assert but["NotStatement"]["Statement"]["ByteMatchStatement"]["SearchString"] == "/v1/predictions"
    assert rules["common"]["Priority"] < rules["large-bodies-elsewhere"]["Priority"]
    assert not any(rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in wall["Rules"])
    (logging,) = stack.of_type("AWS::WAFv2::LoggingConfiguration").values()
    assert {"QueryString": {}} in logging["RedactedFields"]
    assert len(stack.of_type("AWS::WAFv2::WebACLAssociation")) == len(stack.of_type("AWS::ApiGateway::Stage"))


# --- functions


def test_every_handler_can_be_imported(stack: Stack) -> None:
    for name, function in functions_of(stack).items():
        module, _, attribute = command_of(function).rpartition(".")
        assert callable(getattr(importlib.import_module(module), attribute)), name
    assert {command_of(function) for function in functions_of(stack).values()} == set(SETTINGS)


def test_every_variable_is_a_field_of_its_functions_settings_and_is_taken(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, function in functions_of(stack).items():
        rooms = SETTINGS[command_of(function)]
        fields = {str(room.model_config["env_prefix"]) + field.upper() for room in rooms for field in room.model_fields}
        given = variables(function)
        assert given.keys() <= fields, name
        required = {
            str(room.model_config["env_prefix"]) + field.upper()
            for room in rooms
            for field, info in room.model_fields.items()
            if info.is_required()
        }
        assert required <= given.keys(), name
        with monkeypatch.context() as patched:
            for key, value in given.items():
                patched.setenv(key, value)
            for room in rooms:
                room()


def test_every_function_keeps_its_log_a_while_raises_an_alarm_and_has_a_role_of_its_own(stack: Stack) -> None:
    functions = functions_of(stack)
    watched = {
        dimension["Value"]
        for alarm in stack.of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == "Errors" and alarm["AlarmActions"] == [stack.arn("Alerts")]
        for dimension in alarm["Dimensions"]
    }
    groups = {group["LogGroupName"]: group for group in stack.of_type("AWS::Logs::LogGroup").values()}
    for name, function in functions.items():
        assert stack.name(name) in watched
        assert groups[function["LoggingConfig"]["LogGroup"]]["RetentionInDays"] == "30"
    assert len({function["Role"] for function in functions.values()}) == len(functions)
    assert all("KmsKeyId" in group for group in groups.values())


def test_alarms_that_take_a_new_version_back_exist_and_the_drawn_photos_come_first(stack: Stack) -> None:
    groups = stack.of_type("AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == 3
    alarms = {stack.name(name) for name in stack.of_type("AWS::CloudWatch::Alarm")}
    for group in groups.values():
        named = {alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"]}
        assert named
        assert named <= alarms
        assert group["AutoRollbackConfiguration"]["Enabled"] is True
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    triage = groups["TriageFunctionDeploymentGroup"]["AlarmConfiguration"]["Alarms"]
    assert len(triage) == 4
    policy = stack.resources["TriageFunctionAliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert policy["BeforeAllowTrafficHook"] == stack.name("GoldenPhotosFunction")


def test_metrics_that_alarms_read_are_written_by_the_program(stack: Stack) -> None:
    sources = "\n".join(file.read_text("utf-8") for file in (ROOT / "functions").rglob("*.py"))
    found = 0
    for alarm in stack.of_type("AWS::CloudWatch::Alarm").values():
        metrics = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
        metrics += [alarm] if alarm.get("Namespace") == "dermacast" else []
        for metric in metrics:
            if metric["Namespace"] != "dermacast":
                continue
            found += 1
            assert f'"{metric["MetricName"].split("_")[0]}' in sources, metric
            service, *version = metric["Dimensions"]
            importlib.import_module(f"functions.{service['Value']}")
            assert service["Name"] == "service"
            # What takes a new version back is that version's own.
            assert [one["Name"] for one in version] == (["version"] if metric["MetricName"] in OF_VERSION else [])
    assert found == 6


def test_nothing_secret_stands_in_the_template() -> None:
    text = (ROOT / "template.yaml").read_text("utf-8") + (ROOT / "samconfig.toml").read_text("utf-8")
    assert not re.search(r"AKIA[0-9A-Z]{16}|BEGIN [A-Z ]*PRIVATE|(?i:password|secret)\w*\s*[:=]\s*\S", text)


def test_concurrency_is_reserved_and_kept_warm_only_where_asked(stack: Stack, small: Stack) -> None:
    assert functions_of(stack)["TriageFunction"]["ReservedConcurrentExecutions"] == "10"
    assert "ReservedConcurrentExecutions" not in functions_of(small)["TriageFunction"]
    alias = stack.resources["TriageFunctionAliaslive"]["Properties"]
    assert alias["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": "1"}
    assert "ProvisionedConcurrencyConfig" not in small.resources["TriageFunctionAliaslive"]["Properties"]


def test_a_new_account_can_make_every_function(small: Stack, stack: Stack) -> None:
    """AWS lets new accounts have functions of up to 3,008 MB, until they ask for more."""
    assert all(int(function["MemorySize"]) <= 3008 for of in (small, stack) for function in functions_of(of).values())


def test_the_budget_counts_this_stack_alone(stack: Stack, small: Stack) -> None:
    (budget,) = stack.of_type("AWS::Budgets::Budget").values()
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:stack$dermacast-test"]}
    assert not small.of_type("AWS::Budgets::Budget")


# --- data


def test_buckets_are_private_encrypted_kept_and_reached_by_tls_alone(plain: dict[str, Any], stack: Stack) -> None:
    buckets = stack.of_type("AWS::S3::Bucket")
    assert set(buckets) == {f"{name}Bucket" for name in BUCKETS}
    for name, bucket in buckets.items():
        assert plain["Resources"][name]["DeletionPolicy"] == plain["Resources"][name]["UpdateReplacePolicy"] == "Retain"
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        encryption = rule["ServerSideEncryptionByDefault"]
        if name != "AccessLogBucket":
            assert encryption == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": stack.arn("DataKey")}
            assert bucket["LoggingConfiguration"]["DestinationBucketName"] == stack.name("AccessLogBucket")
        deny = stack.resources[f"{name}Policy"]["Properties"]["PolicyDocument"]["Statement"][0]
        assert (deny["Effect"], deny["Action"], deny["Condition"]) == (
            "Deny",
            "s3:*",
            {"Bool": {"aws:SecureTransport": "false"}},
        )
        assert deny["Resource"] == [stack.arn(name), f"{stack.arn(name)}/*"]


def test_uploads_are_gone_within_a_day_and_leave_no_version(stack: Stack) -> None:
    uploads = stack.of_type("AWS::S3::Bucket")["UploadsBucket"]
    assert "VersioningConfiguration" not in uploads
    assert any(rule.get("ExpirationInDays") == 1 for rule in uploads["LifecycleConfiguration"]["Rules"])
    versioned = {n for n, b in stack.of_type("AWS::S3::Bucket").items() if "VersioningConfiguration" in b}
    assert versioned == {f"{name}Bucket" for name in BUCKETS} - {"UploadsBucket"}


def test_keys_and_the_model_registry_outlive_the_stack(plain: dict[str, Any]) -> None:
    kept = {n for n, r in plain["Resources"].items() if r.get("DeletionPolicy") == "Retain"}
    assert {"DataKey", "SigningKey", "ModelPackages"} <= kept


# --- state machines and schedules


def test_the_state_machines_substitutions_resolve(stack: Stack) -> None:
    machines = stack.of_type("AWS::StepFunctions::StateMachine")
    assert machines.keys() == {"RetrainingMachine", "BatchMachine", "ForecastingMachine"}
    for machine in machines.values():
        text = json.dumps(machine["DefinitionString"]) + json.dumps(machine.get("Definition", ""))
        asked = set(re.findall(r"\$\{(\w+)\}", text))
        assert asked == machine["DefinitionSubstitutions"].keys()
        assert all(machine["DefinitionSubstitutions"].values())
        assert machine["TracingConfiguration"] == {"Enabled": True}
        assert machine["LoggingConfiguration"]["Level"] == "ALL"


def test_a_first_deployment_without_a_training_image_has_no_retraining(small: Stack) -> None:
    assert not [name for name in small.resources if name.startswith("Retraining")]
    assert variables(functions_of(small)["MonitoringFunction"])["MONITORING_STATE_MACHINE_ARN"] == ""


@pytest.mark.parametrize("name", ["RetrainingTimer", "MonitoringTimer", "ForecastingTimer"])
def test_schedules_are_ones_that_eventbridge_takes(stack: Stack, name: str) -> None:
    schedule = stack.of_type("AWS::Scheduler::Schedule")[name]
    # EventBridge Scheduler user guide, "Schedule types": rate(value unit), and cron with six fields.
    assert re.fullmatch(
        r"rate\((1 (minute|hour|day)|([2-9]|\d{2,}) (minutes|hours|days))\)|cron\((\S+ ){5}\S+\)",
        schedule["ScheduleExpression"],
    )
    json.loads(schedule["Target"]["Input"])
    assert schedule["Target"]["DeadLetterConfig"]["Arn"] == stack.arn("DeadLetters")


def test_the_registry_hears_of_approvals_in_its_own_group_alone(stack: Stack) -> None:
    event = json.loads((ROOT / "tests" / "events" / "model_package_state_change.json").read_text("utf-8"))
    (rule,) = stack.of_type("AWS::Events::Rule").values()
    pattern = rule["EventPattern"]
    assert event["source"] in pattern["source"]
    assert event["detail-type"] in pattern["detail-type"]
    assert event["detail"]["ModelApprovalStatus"] in pattern["detail"]["ModelApprovalStatus"]
    (group,) = stack.of_type("AWS::SageMaker::ModelPackageGroup").values()
    assert pattern["detail"]["ModelPackageGroupName"] == [group["ModelPackageGroupName"]]
    steps = variables(functions_of(stack)["RetrainingRegisterFunction"])
    assert steps["RETRAINING_PACKAGE_GROUP"] == group["ModelPackageGroupName"]


# --- parameters, and what comes of them


def test_every_parameter_and_condition_is_used_and_described(plain: dict[str, Any]) -> None:
    text = (ROOT / "template.yaml").read_text("utf-8")
    for name, parameter in plain["Parameters"].items():
        assert parameter["Description"].endswith((".", "alone", "address")), name
        assert len(re.findall(rf"\b{name}\b", text)) > 2, name
    grouped = [
        n
        for group in plain["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        for n in group["Parameters"]
    ]
    assert sorted(grouped) == sorted(plain["Parameters"])


def test_the_dashboard_is_one(stack: Stack) -> None:
    (dashboard,) = stack.of_type("AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    assert len(widgets) == 9
    assert "${" not in dashboard["DashboardBody"]
    assert all(widget["properties"]["metrics"] for widget in widgets)
