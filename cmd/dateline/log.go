package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/export"
)

func (s *logSettings) level() slog.Level {
	var l slog.Level
	_ = l.UnmarshalText([]byte(s.LogLevel)) // the grammar lets only levels in
	return l
}

// logger is the workers' log.
func (s *logSettings) logger(w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: s.level(), ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindDuration { // which JSON would have in nanoseconds
			a.Value = slog.StringValue(a.Value.Duration().String())
		}
		return a
	}}
	_, onTerminal := terminal(w)
	if s.LogFormat == "json" || s.LogFormat == "auto" && !onTerminal {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// console is a log for somebody who watches: the message and its values, without time and level.
// Dead letters have lines of their own; see mourner.
type console struct {
	level slog.Level
	w     io.Writer
	mu    *sync.Mutex
	attrs []slog.Attr
}

func (s *logSettings) console(w io.Writer) *slog.Logger {
	return slog.New(&console{level: max(s.level(), slog.LevelWarn), w: w, mu: &sync.Mutex{}})
}

func (c *console) Enabled(_ context.Context, l slog.Level) bool { return l >= c.level }

func (c *console) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "dead letter" {
		return nil
	}
	var b strings.Builder
	b.WriteString("dateline: " + r.Message)
	add := func(a slog.Attr) bool {
		if a.Key != "stack" {
			fmt.Fprintf(&b, "; %s: %s", a.Key, export.Shorten(export.Printable(a.Value.String(), false), 400))
		}
		return true
	}
	for _, a := range c.attrs {
		add(a)
	}
	r.Attrs(add)
	b.WriteByte('\n')
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := io.WriteString(c.w, b.String())
	return err
}

func (c *console) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := *c
	out.attrs = append(append([]slog.Attr(nil), c.attrs...), attrs...)
	return &out
}

func (c *console) WithGroup(string) slog.Handler { return c }

// mourner says which articles failed, and why, as they are buried.
type mourner struct {
	pipeline.DeadLetters
	w     io.Writer
	where string // what keeps them; empty: nothing does
	said  int
}

// mournedMost is how many dead letters get a line each; the rest are only counted.
const mournedMost = 50

func (m *mourner) Bury(ctx context.Context, letters []pipeline.DeadLetter) error {
	if err := m.DeadLetters.Bury(ctx, letters); err != nil {
		return err
	}
	for _, l := range letters {
		m.said++
		switch {
		case m.said <= mournedMost:
			kept := ""
			if m.where != "" {
				kept = "; kept in " + m.where
			}
			_, _ = fmt.Fprintf(m.w, "dateline: %s: %s (%s%s)\n", // a lost message must not stop the work
				export.Printable(l.Origin.String(), false), export.Shorten(export.Printable(l.Reason, false), 400), l.Stage, kept)
		case m.said == mournedMost+1:
			_, _ = fmt.Fprintf(m.w, "dateline: more dead letters have no line here\n")
		}
	}
	return nil
}
