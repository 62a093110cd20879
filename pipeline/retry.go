package pipeline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// retry calls do until it succeeds, work is done or MaxAttempts are used up, with a growing wait
// between.
func (p *pass) retry(work context.Context, what Step, do func() error) error {
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil {
			return nil
		}
		if work.Err() != nil {
			return fmt.Errorf("%w (%s: %w)", context.Cause(work), what, err)
		}
		if n := p.options.MaxAttempts; n > 0 && attempt >= n {
			return fmt.Errorf("%s: gave up after %d attempts: %w", what, attempt, err)
		}
		wait := backoff(attempt, p.options.MinBackoff, p.options.MaxBackoff)
		p.stats.retry(what)
		p.options.Logger.Warn(string(what)+" failed; trying again", "attempt", attempt, "wait", wait.Round(time.Millisecond), "error", err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-work.Done():
			timer.Stop()
			return fmt.Errorf("%w (%s: %w)", context.Cause(work), what, err)
		}
	}
}

// backoff is the wait after so many attempts: exponential, with "equal jitter" (Brooker,
// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), so that workers which failed
// together don't come back together.
func backoff(attempt int, least, most time.Duration) time.Duration {
	d := least
	for range attempt - 1 {
		if d >= most/2 {
			d = most
			break
		}
		d *= 2
	}
	d = min(d, most)
	return d/2 + rand.N(d/2+1)
}
