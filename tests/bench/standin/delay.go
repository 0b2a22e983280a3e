package main

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"
)

// delayReport says how long eligible jobs waited for their Kubernetes Job.
type delayReport struct {
	Running int     `json:"running"`
	Samples int     `json:"samples"`
	P50     float64 `json:"p50_seconds"`
	P99     float64 `json:"p99_seconds"`
	Longest float64 `json:"longest_seconds"`
}

// delay submits one job after the other while others run, with room for all of them.
func delay(ctx context.Context, s *server, p plan) (*delayReport, error) {
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	notes := newSeen()
	held := func(name string) time.Duration {
		if strings.HasPrefix(name, "held") {
			return longest
		}
		return p.work
	}
	watch(ctx, s, notes, held)
	for number := range p.held {
		if err := s.submit(ctx, fmt.Sprintf("held-%05d", number)); err != nil {
			return nil, err
		}
	}
	if err := notes.until(ctx, p.held); err != nil {
		return nil, fmt.Errorf("the %d jobs that run all the time were not started: %w", p.held, err)
	}
	sent := map[string]time.Time{}
	for number := range p.jobs {
		name := fmt.Sprintf("%s-delay-%05d", p.prefix, number)
		sent[name] = time.Now()
		if err := s.submit(ctx, name); err != nil {
			return nil, err
		}
		if err := sleep(ctx, p.pause); err != nil {
			return nil, err
		}
	}
	if err := notes.until(ctx, p.held+p.jobs); err != nil {
		return nil, fmt.Errorf("not every job was started: %w", err)
	}
	return notes.delays(sent, p), nil
}

func (s *seen) until(ctx context.Context, jobs int) error {
	for {
		s.lock.Lock()
		made := len(s.created)
		s.lock.Unlock()
		if made >= jobs {
			return nil
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func (s *seen) delays(sent map[string]time.Time, p plan) *delayReport {
	s.lock.Lock()
	defer s.lock.Unlock()
	var waited []float64
	for name, at := range sent {
		waited = append(waited, s.created[name].Sub(at).Seconds())
	}
	sort.Float64s(waited)
	at := func(share float64) float64 { return waited[min(len(waited)-1, int(share*float64(len(waited))))] }
	return &delayReport{p.held, len(waited), at(0.5), at(0.99), waited[len(waited)-1]}
}
