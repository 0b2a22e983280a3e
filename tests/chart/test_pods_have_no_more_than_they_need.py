from typing import Any

import pytest
from tests.support.chart import PACS, of_kind, pod_specs, render

KINDS = ["Deployment", "StatefulSet", "Job"]
READ = {"get", "list", "watch"}


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    return render({"pacs": [PACS]})


@pytest.mark.rule("least-privilege")
@pytest.mark.parametrize("kind", KINDS)
def test_pod_passes_the_restricted_level(manifests: list[dict[str, Any]], kind: str) -> None:
    pod = pod_specs(manifests)[kind]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
    kinds = {key for volume in pod["volumes"] for key in volume.keys() - {"name"}}
    assert kinds <= {"emptyDir", "secret", "configMap"}


@pytest.mark.parametrize("kind", KINDS)
def test_container_says_what_it_needs_at_most(manifests: list[dict[str, Any]], kind: str) -> None:
    for container in pod_specs(manifests)[kind]["containers"]:
        assert container["resources"]["requests"].keys() >= {"cpu", "memory"}
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_node_under_pressure_takes_jobs_before_the_store(
    manifests: list[dict[str, Any]], kind: str
) -> None:
    """The kubelet evicts by priority; a job without its store can't end."""
    classes = of_kind(manifests, "PriorityClass")
    ranks = {name: made["value"] for name, made in classes.items()}
    own = pod_specs(manifests)[kind]["priorityClassName"]
    assert ranks.pop(own) > max(ranks.values())


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_long_running_pod_is_probed(manifests: list[dict[str, Any]], kind: str) -> None:
    (container,) = pod_specs(manifests)[kind]["containers"]
    assert container.keys() >= {"startupProbe", "livenessProbe", "readinessProbe"}


@pytest.mark.rule("least-privilege")
def test_only_nodes_and_our_definitions_are_read_outside_the_namespace(
    manifests: list[dict[str, Any]],
) -> None:
    (role,) = of_kind(manifests, "ClusterRole").values()
    nodes, definitions = role["rules"]
    assert (nodes["resources"], set(nodes["verbs"])) == (["nodes"], READ)
    assert (definitions["resources"], definitions["verbs"]) == (
        ["customresourcedefinitions"],
        ["get"],
    )
    assert all(name.endswith(".meninx.io") for name in definitions["resourceNames"])


@pytest.mark.rule("least-privilege")
def test_no_role_has_a_wildcard_or_reads_secrets(manifests: list[dict[str, Any]]) -> None:
    for role in of_kind(manifests, "Role").values():
        for rule in role["rules"]:
            assert "*" not in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]]
            if "secrets" in rule["resources"]:
                assert not READ & set(rule["verbs"])


@pytest.mark.rule("least-privilege")
def test_ingress_touches_no_pod_and_no_secret(manifests: list[dict[str, Any]]) -> None:
    rules = of_kind(manifests, "Role")["meninx-ingress"]["rules"]
    assert {group for rule in rules for group in rule["apiGroups"]} == {"meninx.io", ""}
    assert {r for rule in rules if "" in rule["apiGroups"] for r in rule["resources"]} == {"events"}


@pytest.mark.rule("least-privilege")
def test_pods_of_jobs_get_no_token(manifests: list[dict[str, Any]]) -> None:
    account = of_kind(manifests, "ServiceAccount")["meninx-inference"]
    assert account["automountServiceAccountToken"] is False
    bound = [s["name"] for m in of_kind(manifests, "RoleBinding").values() for s in m["subjects"]]
    assert "meninx-inference" not in bound


@pytest.mark.rule("least-privilege")
def test_pods_of_trainings_reach_nothing(manifests: list[dict[str, Any]]) -> None:
    spec = of_kind(manifests, "NetworkPolicy")["meninx-training"]["spec"]
    (rule,) = spec["podSelector"]["matchExpressions"]
    assert rule == {"key": "meninx.io/training-job", "operator": "Exists"}
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in spec
    assert "ingress" not in spec


@pytest.mark.rule("least-privilege")
def test_trainings_that_learn_from_the_store_reach_it_and_no_more(
    manifests: list[dict[str, Any]],
) -> None:
    policies = of_kind(manifests, "NetworkPolicy")
    spec = policies["meninx-training-store"]["spec"]
    keys = {rule["key"] for rule in spec["podSelector"]["matchExpressions"]}
    assert keys == {"meninx.io/training-job", "meninx.io/reads-store"}
    assert spec["policyTypes"] == ["Egress"]
    assert spec["egress"] == policies["meninx-inference"]["spec"]["egress"]


@pytest.mark.rule("least-privilege")
def test_only_pods_that_download_weights_reach_their_addresses() -> None:
    assert "meninx-inference-weights" not in of_kind(render(), "NetworkPolicy")
    chosen = {"weights": {"egress": [{"cidr": "10.1.2.3/32"}, {"cidr": "::1/128", "port": 8443}]}}
    spec = of_kind(render(chosen), "NetworkPolicy")["meninx-inference-weights"]["spec"]
    keys = {rule["key"] for rule in spec["podSelector"]["matchExpressions"]}
    assert keys == {"meninx.io/inference-job", "meninx.io/downloads-weights"}
    reached = [
        (peer["ipBlock"]["cidr"], rule["ports"][0]["port"])
        for rule in spec["egress"]
        for peer in rule["to"]
    ]
    assert reached == [("10.1.2.3/32", 443), ("::1/128", 8443)]


def test_a_standby_is_there_and_stays_through_upgrades_and_drains() -> None:
    manifests = render()
    spec = of_kind(manifests, "Deployment")["meninx-operator"]["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    (spread,) = spec["template"]["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    budget = of_kind(manifests, "PodDisruptionBudget")["meninx-operator"]["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == spec["selector"]
    alone = render({"operator": {"replicas": 1}})
    assert not of_kind(alone, "PodDisruptionBudget")


@pytest.mark.rule("least-privilege")
def test_operator_may_only_hold_its_own_lease(manifests: list[dict[str, Any]]) -> None:
    rules = of_kind(manifests, "Role")["meninx-operator"]["rules"]
    leases = [rule for rule in rules if rule["resources"] == ["leases"]]
    assert [(r["verbs"], r.get("resourceNames")) for r in leases] == [
        (["create"], None),
        (["get", "update"], ["meninx-operator"]),
    ]
    env = pod_specs(manifests)["Deployment"]["containers"][0]["env"]
    assert {"name": "MENINX_LEASE", "value": "meninx-operator"} in env


@pytest.mark.rule("acknowledged-means-safe")
def test_studies_outlive_the_pod_and_the_release(manifests: list[dict[str, Any]]) -> None:
    spec = of_kind(manifests, "StatefulSet")["meninx-ingress"]["spec"]
    assert [c["metadata"]["name"] for c in spec["volumeClaimTemplates"]] == ["data"]
    assert spec["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain"
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] >= 30


def test_upgrade_replaces_a_pod_that_never_got_ready(manifests: list[dict[str, Any]]) -> None:
    spec = of_kind(manifests, "StatefulSet")["meninx-ingress"]["spec"]
    assert spec["podManagementPolicy"] == "Parallel"
