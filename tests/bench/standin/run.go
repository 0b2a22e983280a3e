package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

const longest = 24 * time.Hour

func quantity(text string) resource.Quantity { return resource.MustParse(text) }

// seen is what the watches have shown; counts are by name of the InferenceJob.
type seen struct {
	lock    sync.Mutex
	created map[string]time.Time // first Kubernetes Job of each
	jobs    map[string]map[string]bool
	phases  map[string]string
	changed chan struct{}
}

func newSeen() *seen {
	return &seen{
		created: map[string]time.Time{}, jobs: map[string]map[string]bool{},
		phases: map[string]string{}, changed: make(chan struct{}, 1),
	}
}

func (s *seen) job(job *batch.Job) (first bool) {
	s.lock.Lock()
	defer s.lock.Unlock()
	name := job.Annotations[jobLabel]
	if name == "" {
		name = job.Labels[jobLabel]
	}
	if s.jobs[name] == nil {
		s.jobs[name] = map[string]bool{}
		s.created[name] = time.Now()
	}
	first = !s.jobs[name][string(job.UID)]
	s.jobs[name][string(job.UID)] = true
	return first
}

func (s *seen) phase(name, phase string) {
	s.lock.Lock()
	s.phases[name] = phase
	s.lock.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *seen) ended() (ended, all int) {
	s.lock.Lock()
	defer s.lock.Unlock()
	for _, phase := range s.phases {
		if phase == "Succeeded" || phase == "Failed" || phase == "Cancelled" {
			ended++
		}
	}
	return ended, len(s.phases)
}

// stripped leaves out what nobody here reads.
func stripped(object any) (any, error) {
	if described, ok := object.(meta.Object); ok {
		described.SetManagedFields(nil)
	}
	return object, nil
}

// watch plays the kubelet for every Job that appears, and takes note of every InferenceJob.
func watch(ctx context.Context, s *server, notes *seen, work func(name string) time.Duration) {
	typed := informers.NewSharedInformerFactoryWithOptions(s.typed, 0, informers.WithNamespace(s.namespace),
		informers.WithTransform(stripped))
	jobs := typed.Batch().V1().Jobs().Informer()
	found := func(object any) {
		job := object.(*batch.Job)
		if job.Spec.Suspend != nil && *job.Spec.Suspend {
			return
		}
		if notes.job(job) {
			go play(ctx, s, job, work)
		}
	}
	jobs.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: found, UpdateFunc: func(_, now any) { found(now) },
	})
	generic := dynamicinformer.NewFilteredDynamicSharedInformerFactory(s.dynamic, 0, s.namespace, nil)
	ours := generic.ForResource(inferenceJobs).Informer()
	_ = ours.SetTransform(func(object any) (any, error) {
		if job, ok := object.(*unstructured.Unstructured); ok {
			job.SetManagedFields(nil)
			delete(job.Object, "spec")
		}
		return object, nil
	})
	note := func(object any) {
		job := object.(*unstructured.Unstructured)
		phase, _, _ := unstructured.NestedString(job.Object, "status", "phase")
		notes.phase(job.GetName(), phase)
	}
	ours.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: note, UpdateFunc: func(_, now any) { note(now) },
	})
	typed.Start(ctx.Done())
	generic.Start(ctx.Done())
	typed.WaitForCacheSync(ctx.Done())
	generic.WaitForCacheSync(ctx.Done())
}

// play runs one Job's pod to its good end; what fails is tried again.
func play(ctx context.Context, s *server, job *batch.Job, work func(string) time.Duration) {
	name := job.Annotations[jobLabel]
	var pod *core.Pod
	steps := []func() error{
		func() (err error) { pod, err = s.bind(ctx, job); return },
		func() (err error) { pod, err = s.tell(ctx, pod, core.PodRunning, "model"); return },
		func() error { return sleep(ctx, work(name)) },
		func() error { return s.report(ctx, name, false) },
		func() (err error) { pod, err = s.tell(ctx, pod, core.PodSucceeded, ""); return },
		func() error { return s.complete(ctx, job) },
		func() error { return s.report(ctx, name, true) },
	}
	for _, step := range steps {
		for step() != nil && sleep(ctx, 500*time.Millisecond) == nil {
			if fresh, err := s.typed.BatchV1().Jobs(job.Namespace).Get(ctx, job.Name, meta.GetOptions{}); err == nil {
				job = fresh
			} else if errors.IsNotFound(err) {
				return
			}
			if pod != nil {
				if fresh, err := s.typed.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, meta.GetOptions{}); err == nil {
					pod = fresh
				}
			}
		}
	}
}

func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}

// each calls work for every number, so many side by side.
func each(ctx context.Context, count, workers int, work func(number int) error) error {
	numbers, failures := make(chan int), make(chan error, workers)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for number := range numbers {
				for tries := 0; ; tries++ {
					err := work(number)
					if err == nil {
						break
					}
					if tries == 20 || sleep(ctx, 200*time.Millisecond) != nil {
						failures <- err
						return
					}
				}
			}
		})
	}
	go func() {
		defer close(numbers)
		for number := range count {
			select {
			case numbers <- number:
			case <-ctx.Done():
				return
			}
		}
	}()
	group.Wait()
	close(failures)
	return <-failures
}

// runReport says how a run went.
type runReport struct {
	Jobs          int            `json:"jobs"`
	Phases        map[string]int `json:"phases"`
	Lost          int            `json:"lost"`
	Doubled       int            `json:"doubled"`
	Seconds       float64        `json:"seconds"`
	SubmitSeconds float64        `json:"submit_seconds"`
}

func run(ctx context.Context, s *server, p plan) (*runReport, error) {
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	notes := newSeen()
	watch(ctx, s, notes, func(string) time.Duration { return p.work })
	start := time.Now()
	submitted := make(chan error, 1)
	var submit time.Duration
	go func() {
		err := each(ctx, p.jobs, p.workers, func(number int) error {
			return s.submit(ctx, fmt.Sprintf("%s-%05d", p.prefix, number))
		})
		submit = time.Since(start)
		submitted <- err
	}()
	if err := wait(ctx, notes, p.jobs); err != nil {
		fmt.Fprintln(os.Stderr, "standin: not all jobs ended:", err)
	}
	seconds := time.Since(start).Seconds()
	select {
	case err := <-submitted:
		if err != nil {
			return nil, err
		}
	case <-ctx.Done():
	}
	report := notes.report(p.jobs)
	report.Seconds, report.SubmitSeconds = seconds, submit.Seconds()
	return report, nil
}

func wait(ctx context.Context, notes *seen, jobs int) error {
	told := time.Now()
	for {
		ended, all := notes.ended()
		if ended >= jobs {
			return nil
		}
		if time.Since(told) > 5*time.Second {
			told = time.Now()
			fmt.Fprintf(os.Stderr, "%d submitted, %d ended of %d\n", all, ended, jobs)
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

func (s *seen) report(jobs int) *runReport {
	s.lock.Lock()
	defer s.lock.Unlock()
	report := &runReport{Jobs: jobs, Phases: map[string]int{}}
	for _, phase := range s.phases {
		report.Phases[phase]++
	}
	report.Lost = jobs - report.Phases["Succeeded"]
	for _, made := range s.jobs {
		if len(made) > 1 {
			report.Doubled++
		}
	}
	return report
}
