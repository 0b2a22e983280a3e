// Command standin plays everything but the operator on a bare API server, for figures: it submits
// InferenceJobs, runs their pods as scheduler, Job controller and kubelet would, and says of the
// results what the ingress says. It counts what the operator made, and writes a report as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// plan is what the flags ask for.
type plan struct {
	namespace string
	jobs      int
	workers   int
	work      time.Duration
	limit     time.Duration
	held      int
	pause     time.Duration
	nodes     int
	gpus      int
	prefix    string
}

func main() {
	var p plan
	flag.StringVar(&p.namespace, "namespace", "meninx", "namespace")
	flag.IntVar(&p.jobs, "jobs", 1000, "InferenceJobs to submit")
	flag.IntVar(&p.workers, "workers", 16, "writers side by side")
	flag.DurationVar(&p.work, "work", 500*time.Millisecond, "how long a model runs")
	flag.DurationVar(&p.limit, "limit", 30*time.Minute, "give up after so long")
	flag.IntVar(&p.held, "held", 100, "delay: jobs that run all the time")
	flag.DurationVar(&p.pause, "pause", 200*time.Millisecond, "delay: between submissions")
	flag.IntVar(&p.nodes, "nodes", 25, "nodes: how many")
	flag.IntVar(&p.gpus, "gpus", 8, "nodes: GPUs on each")
	flag.StringVar(&p.prefix, "prefix", "bench", "how the names of the jobs begin")
	out := flag.String("out", "", "file to write the report to")
	flag.Usage = func() { fmt.Fprintln(os.Stderr, "usage: standin [flags] nodes | run | delay | floor") }
	flag.Parse()
	context, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := do(context, flag.Arg(0), p)
	if err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
	text, _ := json.MarshalIndent(report, "", "  ")
	if *out == "" {
		fmt.Println(string(text))
	} else if err := os.WriteFile(*out, append(text, '\n'), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}

func do(ctx context.Context, verb string, p plan) (any, error) {
	server, err := connect(p.namespace)
	if err != nil {
		return nil, err
	}
	switch verb {
	case "nodes":
		return nil, server.addNodes(ctx, p.nodes, p.gpus)
	case "run":
		return run(ctx, server, p)
	case "delay":
		return delay(ctx, server, p)
	case "floor":
		return floor(ctx, server, p)
	}
	return nil, fmt.Errorf("no such verb %q: nodes, run, delay or floor", verb)
}
