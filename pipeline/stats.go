package pipeline

import (
	"maps"
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
	// Dead counts dead letters by stage, and Causes by stage and kind.
	Dead   map[Stage]int
	Causes map[Cause]int
	// Languages counts stored records by their language, "" where it is unknown.
	Languages map[string]int
	// Warnings counts faults that cost an article no more than a field.
	Warnings int
	// Retries counts failed writes, burials and commits that were tried again, and RetriesOf each.
	Retries   int
	RetriesOf map[Step]int
	// Bytes is what is in flight, as MaxBytes weighs it, and Oldest the time since the first of it
	// was read.
	Bytes  int64
	Oldest time.Duration
	// Duration is how long the run has taken.
	Duration time.Duration
}

// Cause is why messages are dead letters.
type Cause struct {
	Stage Stage
	Kind  Kind
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
	extracted, warnings atomic.Int64

	mu       sync.Mutex
	started  time.Time
	ended    time.Time
	messages int
	bytes    int64
	inFlight int64
	stored   int
	dead     map[Cause]int
	retries  map[Step]int
	language map[string]int
	arrivals []time.Time // of what is in flight, in the order of reading
	failure  error       // why reading ended
}

func (c *counters) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.extracted.Store(0)
	c.warnings.Store(0)
	c.started, c.ended = time.Now(), time.Time{}
	c.messages, c.bytes, c.inFlight, c.stored = 0, 0, 0, 0
	c.dead, c.failure = map[Cause]int{}, nil
	c.retries, c.language, c.arrivals = map[Step]int{}, map[string]int{}, nil
}

func (c *counters) retry(what Step) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retries[what]++
}

func (c *counters) read(m Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages++
	c.bytes += int64(len(m.Value))
	c.inFlight += int64(len(m.Value) + perMessage)
	c.arrivals = append(c.arrivals, time.Now())
}

func (c *counters) finished(jobs []*job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, j := range jobs {
		c.inFlight -= int64(len(j.msg.Value) + perMessage)
		if j.letter != nil {
			c.dead[Cause{j.letter.Stage, j.letter.Kind}]++
		} else {
			c.stored++
			c.language[j.record.Language]++
		}
	}
	c.arrivals = c.arrivals[len(jobs):] // units are in the order of reading
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
		Extracted: int(c.extracted.Load()), Warnings: int(c.warnings.Load()),
		Dead: map[Stage]int{}, Causes: maps.Clone(c.dead), Languages: maps.Clone(c.language), RetriesOf: maps.Clone(c.retries),
	}
	for k, v := range c.dead {
		s.Dead[k.Stage] += v
	}
	for _, v := range c.retries {
		s.Retries += v
	}
	if len(c.arrivals) > 0 {
		s.Oldest = time.Since(c.arrivals[0])
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
