package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/search"
	"github.com/datelinenews/dateline/pipeline/status"
	"github.com/datelinenews/dateline/pipeline/web"
)

// reasonsMost is how many reasons of dead letters the status page has.
const reasonsMost = 12

// queue says what the status page looks at in Kafka, where it is set.
func (c *serveCmd) queue() (status.Config, error) {
	cfg := status.Config{Window: time.Second}
	if len(c.Kafka) == 0 {
		return cfg, nil
	}
	return cfg, c.looked(&c.readSettings, &cfg)
}

// panelsOf gives the status page what the index counts, what waits in Kafka where it is set, and the
// dead letters: of Kafka, or of the file where one is named.
func panelsOf(cfg status.Config, dead string) func(context.Context) ([]web.Panel, error) {
	return func(ctx context.Context) ([]web.Panel, error) {
		r := status.Take(ctx, cfg)
		panels := reportPanels(r)
		var err error
		for _, e := range r.Errors {
			err = errors.Join(err, errors.New(e))
		}
		if dead != "" {
			letters, deadErr := deadPanel(dead)
			if panels, err = append(panels, letters), errors.Join(err, deadErr); deadErr != nil {
				panels = panels[:len(panels)-1]
			}
		}
		return panels, err
	}
}

// reportPanels are a report's parts.
func reportPanels(r *status.Report) []web.Panel {
	var out []web.Panel
	row := func(p *web.Panel, name, value string) {
		p.Rows = append(p.Rows, web.PanelRow{Name: name, Value: value})
	}
	if q := r.Queue; q != nil {
		p := web.Panel{Title: "Waiting in Kafka", Note: "Consumer group " + q.Group}
		row(&p, "Behind", export.Thousands(int(q.Lag)))
		row(&p, "Done", fmt.Sprintf("%.1f a second", q.Done))
		row(&p, "Arrived", fmt.Sprintf("%.1f a second", q.Arrived))
		if q.Left > 0 {
			row(&p, "Left", q.Left.Round(time.Second).String())
		}
		if len(q.Topics) > 1 {
			for _, t := range q.Topics {
				row(&p, t.Topic, export.Thousands(int(t.Lag)))
			}
		}
		for _, part := range q.Partitions {
			row(&p, fmt.Sprintf("%s/%d", part.Topic, part.Partition), export.Thousands(int(part.Lag)))
		}
		out = append(out, p)
	}
	if d := r.Dead; d != nil {
		p := web.Panel{Title: "Dead letters", Note: "Topic " + d.Topic + "; dateline replay puts them back."}
		row(&p, "In all", export.Thousands(int(d.Total)))
		for _, reason := range d.Reasons[:min(reasonsMost, len(d.Reasons))] {
			row(&p, string(reason.Stage)+", "+string(reason.Kind)+", such as: "+export.Shorten(reason.Example, 100), export.Thousands(reason.Count))
		}
		out = append(out, p)
	}
	if x := r.Index; x != nil {
		for _, list := range []struct {
			title, lacking string
			counts         []search.Count
		}{{"Languages", "unknown", x.Languages}, {"Extractions", "none", x.Versions}} {
			p := web.Panel{Title: list.title}
			for _, c := range list.counts {
				if c.Value == "" {
					c.Value = list.lacking
				}
				row(&p, c.Value, export.Thousands(c.Count))
			}
			if len(p.Rows) > 0 {
				out = append(out, p)
			}
		}
	}
	return out
}

// fileStatus is the status of a run into the embedded index.
func fileStatus(index search.Counter, dead string) func(context.Context) ([]web.Panel, error) {
	return panelsOf(status.Config{Index: index, Window: time.Second}, dead)
}

// deadPanel counts the dead letters of a file, by stage and reason.
func deadPanel(path string) (web.Panel, error) {
	panel := web.Panel{Title: "Dead letters", Note: "Kept in " + path + "; dateline replay puts them back."}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		panel.Rows = []web.PanelRow{{Name: "In all", Value: "0"}}
		return panel, nil
	}
	if err != nil {
		return panel, fmt.Errorf("read dead letters: %w", err)
	}
	defer f.Close()
	total, reasons := 0, map[string]int{}
	for l, err := range pipeline.ReadDeadLetters(f) {
		if err != nil {
			return panel, fmt.Errorf("read dead letters: %w", err)
		}
		total++
		reasons[string(l.Stage)+": "+export.Shorten(l.Reason, 100)]++
	}
	panel.Rows = append(panel.Rows, web.PanelRow{Name: "In all", Value: export.Thousands(total)})
	for _, c := range search.TopCounts(reasons, reasonsMost) {
		panel.Rows = append(panel.Rows, web.PanelRow{Name: c.Value, Value: export.Thousands(c.Count)})
	}
	return panel, nil
}
