package pipelinetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/datelinenews/dateline/pipeline"
)

// ErrChaos is the error of a ChaosSink's own failures.
var ErrChaos = errors.New("chaos: the sink failed")

// ChaosSink is a sink that fails at random in every way that the contract allows. The chances are
// shares of writes, 0 to 1; the first that hits is what happens.
type ChaosSink struct {
	Sink pipeline.Sink
	// Refuse fails before anything is stored.
	Refuse float64
	// Partial stores the first half, and fails.
	Partial float64
	// Lie stores all, and fails: the answer was lost.
	Lie float64
	// Slow waits up to SlowTime before a write that then succeeds.
	Slow     float64
	SlowTime time.Duration

	mu       sync.Mutex
	random   *rand.Rand
	failures int
}

// NewChaosSink is a sink over s that fails in a third of its writes, by the seed.
func NewChaosSink(s pipeline.Sink, seed uint64) *ChaosSink {
	return &ChaosSink{
		Sink: s, Refuse: 0.15, Partial: 0.1, Lie: 0.1, Slow: 0.1, SlowTime: 5 * time.Millisecond,
		random: rand.New(rand.NewPCG(seed, seed)),
	}
}

// Failures counts the writes that failed.
func (c *ChaosSink) Failures() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failures
}

// Write writes, or fails.
func (c *ChaosSink) Write(ctx context.Context, recs []pipeline.Record) error {
	c.mu.Lock()
	dice, wait := c.random.Float64(), time.Duration(c.random.Float64()*float64(c.SlowTime))
	c.mu.Unlock()
	hit := func(chance float64) bool {
		dice -= chance
		return dice < 0
	}
	switch {
	case hit(c.Refuse):
	case hit(c.Partial):
		_ = c.Sink.Write(ctx, recs[:len(recs)/2]) // the failure is ours, whatever it says
	case hit(c.Lie):
		_ = c.Sink.Write(ctx, recs)
	case hit(c.Slow):
		if !sleep(ctx, wait) {
			return ctx.Err()
		}
		return c.Sink.Write(ctx, recs)
	default:
		return c.Sink.Write(ctx, recs)
	}
	c.mu.Lock()
	c.failures++
	c.mu.Unlock()
	return ErrChaos
}
