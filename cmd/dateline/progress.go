package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/export"
)

// progress says how far a run is: one line that rewrites itself on a terminal, and elsewhere a line
// every few seconds.
type progress struct {
	w     io.Writer
	live  bool
	stats func() pipeline.Stats
	size  func() (read, total int64) // bytes of the source; total is -1 where unknown; nil: so, too

	mu    sync.Mutex
	shown bool // a live line stands
	stop  chan struct{}
	ended sync.WaitGroup
}

// The pace of the lines.
const (
	livePace  = 200 * time.Millisecond
	plainPace = 5 * time.Second
)

func (p *progress) start() {
	p.stop = make(chan struct{})
	pace := plainPace
	if p.live {
		pace = livePace
	}
	p.ended.Go(func() {
		tick := time.NewTicker(pace)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.show()
			case <-p.stop:
				return
			}
		}
	})
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := p.line(p.stats())
	if p.live {
		p.shown = true
		_, _ = fmt.Fprintf(p.w, "\r\x1b[K%s", line) // what can't be shown is no failure of the run
		return
	}
	_, _ = fmt.Fprintln(p.w, line)
}

// line is such as "1,240 articles, 310/s, 42%, 6 s left, 2 dead letters".
func (p *progress) line(s pipeline.Stats) string {
	finished := s.Stored + s.DeadTotal()
	seconds := s.Duration.Seconds()
	line := export.Thousands(finished) + " articles"
	if finished == 1 {
		line = "1 article"
	}
	if seconds > 0 {
		line += fmt.Sprintf(", %s/s", export.Thousands(int(float64(finished)/seconds+0.5)))
	}
	if part := p.part(s); part >= 0 {
		line += fmt.Sprintf(", %d%%", int(part*100))
		if part > 0.01 {
			line += fmt.Sprintf(", %s left", remaining(time.Duration(seconds*(1-part)/part*float64(time.Second))))
		}
	}
	if n := s.DeadTotal(); n > 0 {
		line += fmt.Sprintf(", %s dead", export.Thousands(n))
	}
	return line
}

// part is how much of the source is done with, 0 to 1, or less than 0 where that isn't known. What is
// read ahead or in flight doesn't count.
func (p *progress) part(s pipeline.Stats) float64 {
	if p.size == nil {
		return -1
	}
	read, total := p.size()
	if total <= 0 || s.ReadBytes <= 0 {
		return -1
	}
	const perMessage = 1 << 10 // what Stats.Bytes has beside each message
	inFlight := s.Bytes - perMessage*int64(s.Read-s.Stored-s.DeadTotal())
	done := float64(s.ReadBytes - max(0, inFlight))
	packed := min(1, float64(read)/float64(s.ReadBytes)) // of gzip fewer bytes are read than come out
	return max(0, min(1, done*packed/float64(total)))
}

func remaining(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()+0.5))
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}

// Write writes a message above the live line.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return p.w.Write(b)
}

func (p *progress) clear() {
	if p.shown {
		_, _ = io.WriteString(p.w, "\r\x1b[K")
		p.shown = false
	}
}

// end stops the lines and takes the live one away.
func (p *progress) end() {
	close(p.stop)
	p.ended.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}
