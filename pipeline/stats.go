package pipeline

import (
	"sync"
	"sync/atomic"
	"time"
)

// Stats is a snapshot of a run. Messages are counted as read, then as stored or dead.
type Stats struct {
	// Read counts messages, and ReadBytes their bytes as the source gave them.
	Read      int
	ReadBytes int64
	// Extracted counts articles that have been analysed.
	Extracted int
	// Stored counts messages whose records the sink has.
	Stored int
	// Dead counts dead letters by stage.
	Dead map[Stage]int
	// Warnings counts faults that cost an article no more than a field.
	Warnings int
	// Retries counts failed writes, burials and commits that were tried again.
	Retries int
	// Bytes is what is in flight, as MaxBytes weighs it.
	Bytes int64
	// Duration is how long the run has taken.
	Duration time.Duration
}

// DeadTotal counts dead letters.
func (s Stats) DeadTotal() int {
	n := 0
	for _, c := range s.Dead {
		n += c
	}
	return n
}

// Summary is what a finished run did.
type Summary struct {
	Stats
	// Stopped says that ctx was done before the source was exhausted.
	Stopped bool
}

// Stats is a snapshot of the run that goes on, or of the last one. Safe at any time.
func (r *Runner) Stats() Stats { return r.stats.snapshot() }

// counters are a run's counts. Those that workers touch are atomic.
type counters struct {
	extracted, warnings, retries atomic.Int64

	mu       sync.Mutex
	started  time.Time
	ended    time.Time
	messages int
	bytes    int64
	inFlight int64
	stored   int
	dead     map[Stage]int
	failure  error // why reading ended
}

func (c *counters) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.extracted.Store(0)
	c.warnings.Store(0)
	c.retries.Store(0)
	c.started, c.ended = time.Now(), time.Time{}
	c.messages, c.bytes, c.inFlight, c.stored = 0, 0, 0, 0
	c.dead, c.failure = map[Stage]int{}, nil
}

func (c *counters) read(m Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages++
	c.bytes += int64(len(m.Value))
	c.inFlight += int64(len(m.Value) + perMessage)
}

func (c *counters) finished(jobs []*job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, j := range jobs {
		c.inFlight -= int64(len(j.msg.Value) + perMessage)
		if j.letter != nil {
			c.dead[j.letter.Stage]++
		} else {
			c.stored++
		}
	}
}

func (c *counters) readError(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = err
}

func (c *counters) err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

func (c *counters) snapshot() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stats{
		Read: c.messages, ReadBytes: c.bytes, Bytes: c.inFlight, Stored: c.stored,
		Extracted: int(c.extracted.Load()), Warnings: int(c.warnings.Load()), Retries: int(c.retries.Load()),
		Dead: make(map[Stage]int, len(c.dead)),
	}
	for k, v := range c.dead {
		s.Dead[k] = v
	}
	switch {
	case c.started.IsZero():
	case c.ended.IsZero():
		s.Duration = time.Since(c.started)
	default:
		s.Duration = c.ended.Sub(c.started)
	}
	return s
}

func (c *counters) summary() Summary {
	c.mu.Lock()
	c.ended = time.Now()
	c.mu.Unlock()
	return Summary{Stats: c.snapshot()}
}
