package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	jobLabel   = "meninx.io/inference-job"
	gpu        = "nvidia.com/gpu"
	gpuProduct = "NVIDIA-A100-PCIE-40GB"
	delivery   = "meninx-delivery"
)

var inferenceJobs = schema.GroupVersionResource{
	Group: "meninx.io", Version: "v1alpha1", Resource: "inferencejobs",
}

// server is the API server, as the roles played here write to it.
type server struct {
	namespace string
	typed     kubernetes.Interface
	dynamic   dynamic.Interface
}

func connect(namespace string) (*server, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = -1, -1
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	generic, err := dynamic.NewForConfig(config)
	return &server{namespace, typed, generic}, err
}

func (s *server) addNodes(ctx context.Context, count, gpus int) error {
	for number := range count {
		node := &core.Node{ObjectMeta: meta.ObjectMeta{
			Name:   fmt.Sprintf("simulated-%03d", number),
			Labels: map[string]string{"nvidia.com/gpu.product": gpuProduct},
		}}
		made, err := s.typed.CoreV1().Nodes().Create(ctx, node, meta.CreateOptions{})
		if errors.IsAlreadyExists(err) {
			continue
		}
		if err != nil {
			return err
		}
		made.Spec.Taints = nil // the server taints a new node as not ready
		if made, err = s.typed.CoreV1().Nodes().Update(ctx, made, meta.UpdateOptions{}); err != nil {
			return err
		}
		room := core.ResourceList{
			"cpu": quantity("64"), "memory": quantity("512Gi"), "pods": quantity("110"),
			gpu: quantity(fmt.Sprint(gpus)),
		}
		made.Status.Capacity, made.Status.Allocatable = room, room
		made.Status.Conditions = []core.NodeCondition{{
			Type: core.NodeReady, Status: core.ConditionTrue, LastHeartbeatTime: meta.Now(),
			LastTransitionTime: meta.Now(), Reason: "Simulated",
		}}
		if _, err := s.typed.CoreV1().Nodes().UpdateStatus(ctx, made, meta.UpdateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// submit creates one InferenceJob, as the ingress does.
func (s *server) submit(ctx context.Context, name string) error {
	job := map[string]any{
		"apiVersion": "meninx.io/v1alpha1", "kind": "InferenceJob",
		"metadata": map[string]any{"name": name, "namespace": s.namespace},
		"spec": map[string]any{
			"input": map[string]any{
				"study": "s0123456789abcdef0123", "revision": int64(1),
				"channels": []any{map[string]any{"name": "t1c", "series": "e0123456789abcdef0123"}},
			},
			"modelRef": map[string]any{"name": "bench"},
			"retries":  int64(2),
		},
	}
	_, err := s.dynamic.Resource(inferenceJobs).Namespace(s.namespace).Create(
		ctx, &unstructured.Unstructured{Object: job}, meta.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// report writes what the ingress says of a job's results: Stored, and then Delivered with it.
func (s *server) report(ctx context.Context, name string, delivered bool) error {
	conditions := []any{condition("Stored", "NoFindings")}
	if delivered {
		conditions = append(conditions, condition("Delivered", "NothingToDeliver"))
	}
	body, err := json.Marshal(map[string]any{
		"apiVersion": "meninx.io/v1alpha1", "kind": "InferenceJob",
		"metadata": map[string]any{"name": name, "namespace": s.namespace},
		"status":   map[string]any{"conditions": conditions, "results": map[string]any{"findings": 0}},
	})
	if err != nil {
		return err
	}
	force := true
	_, err = s.dynamic.Resource(inferenceJobs).Namespace(s.namespace).Patch(ctx, name,
		types.ApplyPatchType, body, meta.PatchOptions{FieldManager: delivery, Force: &force}, "status")
	return err
}

func condition(type_, reason string) map[string]any {
	return map[string]any{
		"type": type_, "status": "True", "reason": reason, "message": "",
		"lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
	}
}

// bind creates the pod of a Job's attempt, on a node.
func (s *server) bind(ctx context.Context, job *batch.Job) (*core.Pod, error) {
	pod := &core.Pod{
		ObjectMeta: *job.Spec.Template.ObjectMeta.DeepCopy(), Spec: *job.Spec.Template.Spec.DeepCopy(),
	}
	yes := true
	pod.Name, pod.Namespace = job.Name+"-1", job.Namespace
	pod.OwnerReferences = []meta.OwnerReference{{
		APIVersion: "batch/v1", Kind: "Job", Name: job.Name, UID: job.UID, Controller: &yes,
	}}
	pod.Spec.NodeName = "simulated-000"
	made, err := s.typed.CoreV1().Pods(pod.Namespace).Create(ctx, pod, meta.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		return s.typed.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, meta.GetOptions{})
	}
	return made, err
}

// tell writes the pod's status: all steps before `running` have ended, those after it wait.
func (s *server) tell(ctx context.Context, pod *core.Pod, phase core.PodPhase, running string) (*core.Pod, error) {
	now := meta.Now()
	started := pod.Status.StartTime
	if started == nil {
		started = &now
	}
	pod.Status.Phase, pod.Status.StartTime = phase, started
	pod.Status.Conditions = []core.PodCondition{{
		Type: core.PodScheduled, Status: core.ConditionTrue, LastTransitionTime: *started,
	}}
	reached := false
	status := func(container core.Container) core.ContainerStatus {
		state := core.ContainerState{Terminated: &core.ContainerStateTerminated{
			Reason: "Completed", StartedAt: *started, FinishedAt: now,
		}}
		switch {
		case container.Name == running:
			state, reached = core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: now}}, true
		case reached:
			state = core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: "PodInitializing"}}
		}
		return core.ContainerStatus{Name: container.Name, Image: container.Image, State: state}
	}
	pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses = nil, nil
	for _, container := range pod.Spec.InitContainers {
		pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, status(container))
	}
	for _, container := range pod.Spec.Containers {
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, status(container))
	}
	return s.typed.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, meta.UpdateOptions{})
}

// complete ends the Job well.
func (s *server) complete(ctx context.Context, job *batch.Job) error {
	now := meta.Now()
	done := job.DeepCopy()
	if done.Status.StartTime == nil {
		done.Status.StartTime = &now
	}
	done.Status.CompletionTime, done.Status.Succeeded, done.Status.Active = &now, 1, 0
	done.Status.Conditions = nil
	for _, type_ := range []batch.JobConditionType{batch.JobSuccessCriteriaMet, batch.JobComplete} {
		done.Status.Conditions = append(done.Status.Conditions, batch.JobCondition{
			Type: type_, Status: core.ConditionTrue, Reason: "Simulated",
			LastTransitionTime: now, LastProbeTime: now,
		})
	}
	_, err := s.typed.BatchV1().Jobs(job.Namespace).UpdateStatus(ctx, done, meta.UpdateOptions{})
	return err
}
