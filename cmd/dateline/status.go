package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/datelinenews/dateline/pipeline/bleve"
	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/search"
	"github.com/datelinenews/dateline/pipeline/status"
)

type statusCmd struct {
	Format string        `enum:"text,json" default:"text" help:"Form of the report: text or json."`
	Window time.Duration `default:"2s" help:"Over how long the rate is measured."`

	indexSettings
	kafkaSettings
	readSettings
	elasticSettings
}

func (statusCmd) Help() string {
	return `Shows how many messages wait in Kafka and how fast they are worked off, of --topic and every topic that the workers' group reads or has read, unless topics are chosen; the dead letters that no replay has put back by their reasons, and what the index holds: Elasticsearch if it is set and --index is not given, else the embedded one. What is not set is left out; what can't be reached is said, and the exit code is 1.

Examples:

    dateline status
    dateline status --format json | jq .queue.lag`
}

func (c *statusCmd) run(ctx context.Context, p *process) error {
	cfg := status.Config{Window: c.Window}
	if len(c.Kafka) > 0 {
		if err := c.looked(&c.readSettings, &cfg); err != nil {
			return err
		}
	}
	index, closeIndex, err := c.open(p)
	if err != nil {
		return err
	}
	defer closeIndex()
	cfg.Index = index
	if cfg.Index == nil && len(c.Kafka) == 0 {
		return usagef("nothing to look at: give --kafka, --elasticsearch or --index")
	}
	r := status.Take(ctx, cfg)
	if c.Format == "json" {
		enc := json.NewEncoder(p.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
	} else if _, err := fmt.Fprint(p.out, statusText(r)); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if len(r.Errors) > 0 {
		return errors.New(strings.Join(r.Errors, "; "))
	}
	return nil
}

// open opens the index that there is: none where nothing is set and there is no folder.
func (c *statusCmd) open(p *process) (search.Counter, func(), error) {
	if len(c.Elasticsearch) > 0 && !p.given["index"] {
		x, err := c.connect()
		if err != nil {
			return nil, nil, err
		}
		return x, func() { _ = x.Close() }, nil
	}
	x, err := bleve.Open(c.Index, bleve.Options{ReadOnly: true})
	if errors.Is(err, bleve.ErrMissing) && !p.given["index"] {
		return nil, func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return x, func() { _ = x.Close() }, nil
}

// statusText is the report for a terminal.
func statusText(r *status.Report) string {
	var b strings.Builder
	if q := r.Queue; q != nil {
		fmt.Fprintf(&b, "Queue (group %s)\n", export.Printable(q.Group, false))
		for _, part := range q.Partitions {
			at := "nothing committed"
			if part.Committed >= 0 {
				at = "at " + export.Thousands(int(part.Committed))
			}
			fmt.Fprintf(&b, "  %-28s %12s behind   %s of %s\n", fmt.Sprintf("%s/%d", export.Printable(part.Topic, false), part.Partition),
				export.Thousands(int(part.Lag)), at, export.Thousands(int(part.End)))
		}
		if len(q.Topics) > 1 {
			for _, t := range q.Topics {
				fmt.Fprintf(&b, "  %-28s %12s behind\n", export.Printable(t.Topic, false), export.Thousands(int(t.Lag)))
			}
		}
		fmt.Fprintf(&b, "  %-28s %12s behind   %.1f/s done, %.1f/s arrived", "all", export.Thousands(int(q.Lag)), q.Done, q.Arrived)
		if q.Left > 0 {
			fmt.Fprintf(&b, ", %s left", q.Left)
		}
		b.WriteString("\n\n")
	}
	if d := r.Dead; d != nil {
		fmt.Fprintf(&b, "Dead letters (topic %s)\n", export.Printable(d.Topic, false))
		for _, reason := range d.Reasons {
			fmt.Fprintf(&b, "  %-28s %12s   such as: %s\n", string(reason.Stage)+" "+string(reason.Kind), export.Thousands(reason.Count),
				export.Shorten(export.Printable(reason.Example, false), 100))
		}
		fmt.Fprintf(&b, "  %-28s %12s", "all", export.Thousands(int(d.Total)))
		if int64(d.Read) < d.Total {
			fmt.Fprintf(&b, "   of which %s were read for their reasons", export.Thousands(d.Read))
		}
		b.WriteString("\n\n")
	}
	if x := r.Index; x != nil {
		b.WriteString("Index\n")
		row := func(name string, n int) { fmt.Fprintf(&b, "  %-28s %12s\n", name, export.Thousands(n)) }
		row("articles", x.Articles)
		if x.Mentions > 0 {
			row("mentions", x.Mentions)
		}
		row("quotes", x.Quotes)
		for _, l := range x.Languages {
			if l.Value == "" {
				l.Value = "unknown"
			}
			row("language "+export.Printable(l.Value, false), l.Count)
		}
		for _, v := range x.Versions {
			row("version "+export.Printable(v.Value, false), v.Count)
		}
		if !x.Newest.IsZero() {
			fmt.Fprintf(&b, "  %-28s %12s\n", "newest of", x.Newest.Format(time.DateOnly))
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}
