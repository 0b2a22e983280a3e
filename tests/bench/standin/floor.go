package main

import (
	"context"
	"fmt"
	"time"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// floorReport says how fast the API server takes the writes of a job's life without any decisions.
type floorReport struct {
	Jobs    int     `json:"jobs"`
	Seconds float64 `json:"seconds"`
}

// floor makes for each job, one after the other, the writes that all roles together make.
func floor(ctx context.Context, s *server, p plan) (*floorReport, error) {
	start := time.Now()
	err := each(ctx, p.jobs, p.workers, func(number int) error {
		return s.life(ctx, fmt.Sprintf("%s-floor-%05d", p.prefix, number))
	})
	return &floorReport{p.jobs, time.Since(start).Seconds()}, err
}

func (s *server) life(ctx context.Context, name string) error {
	job := simple(name, s.namespace)
	var pod *core.Pod
	steps := []func() error{
		func() error { return s.submit(ctx, name) },
		func() error {
			secret := &core.Secret{ObjectMeta: meta.ObjectMeta{Name: name}, Data: map[string][]byte{"token": make([]byte, 300)}}
			_, err := s.typed.CoreV1().Secrets(s.namespace).Create(ctx, secret, meta.CreateOptions{})
			return err
		},
		func() (err error) {
			job, err = s.typed.BatchV1().Jobs(s.namespace).Create(ctx, job, meta.CreateOptions{})
			return err
		},
		func() error { return s.event(ctx, name, "Admitted") },
		func() error { return s.status(ctx, name, "Queued") },
		func() (err error) { pod, err = s.bind(ctx, job); return },
		func() (err error) { pod, err = s.tell(ctx, pod, core.PodRunning, "model"); return },
		func() error { return s.status(ctx, name, "Running") },
		func() error { return s.report(ctx, name, false) },
		func() (err error) { _, err = s.tell(ctx, pod, core.PodSucceeded, ""); return },
		func() error { return s.complete(ctx, job) },
		func() error { return s.report(ctx, name, true) },
		func() error { return s.event(ctx, name, "Delivered") },
		func() error { return s.status(ctx, name, "Succeeded") },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) status(ctx context.Context, name, phase string) error {
	body := fmt.Sprintf(`{"apiVersion":"meninx.io/v1alpha1","kind":"InferenceJob","metadata":{"name":%q},
		"status":{"phase":%q,"conditions":[{"type":"Admitted","status":"True","reason":"Admitted",
		"message":"","lastTransitionTime":%q}]}}`, name, phase, time.Now().UTC().Format(time.RFC3339))
	force := true
	_, err := s.dynamic.Resource(inferenceJobs).Namespace(s.namespace).Patch(ctx, name, types.ApplyPatchType,
		[]byte(body), meta.PatchOptions{FieldManager: "floor", Force: &force}, "status")
	return err
}

func (s *server) event(ctx context.Context, name, reason string) error {
	event := &core.Event{
		ObjectMeta:     meta.ObjectMeta{Name: name + "." + reason},
		InvolvedObject: core.ObjectReference{Kind: "InferenceJob", Name: name, Namespace: s.namespace},
		Reason:         reason, Type: "Normal",
	}
	event.Name = fmt.Sprintf("%s.%x", name, len(reason))
	_, err := s.typed.CoreV1().Events(s.namespace).Create(ctx, event, meta.CreateOptions{})
	return err
}

// simple is a Job of the shape that the operator makes: three steps, volumes, a failure policy.
func simple(name, namespace string) *batch.Job {
	container := func(step string) core.Container {
		mounts := []core.VolumeMount{{Name: "input", MountPath: "/input"}, {Name: "output", MountPath: "/output"}}
		return core.Container{
			Name: step, Image: "example.invalid/model:1", VolumeMounts: mounts,
			Env: []core.EnvVar{{Name: "MENINX_TASK", Value: fmt.Sprintf("%01000d", 0)}},
			SecurityContext: &core.SecurityContext{
				AllowPrivilegeEscalation: new(bool),
				Capabilities:             &core.Capabilities{Drop: []core.Capability{"ALL"}},
			},
		}
	}
	yes, user, none := true, int64(65532), int32(2)
	marks := map[string]string{"meninx.io/floor": "yes"}
	job := &batch.Job{ObjectMeta: meta.ObjectMeta{Name: name, Namespace: namespace, Labels: marks}}
	job.Spec.BackoffLimit = &none
	job.Spec.Template.Labels = marks
	job.Spec.Template.Spec = core.PodSpec{
		RestartPolicy:  core.RestartPolicyNever,
		InitContainers: []core.Container{container("fetch"), container("model")},
		Containers:     []core.Container{container("deliver")},
		Volumes: []core.Volume{
			{Name: "input", VolumeSource: core.VolumeSource{EmptyDir: &core.EmptyDirVolumeSource{}}},
			{Name: "output", VolumeSource: core.VolumeSource{EmptyDir: &core.EmptyDirVolumeSource{}}},
		},
		SecurityContext: &core.PodSecurityContext{
			RunAsNonRoot: &yes, RunAsUser: &user,
			SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault},
		},
	}
	return job
}
