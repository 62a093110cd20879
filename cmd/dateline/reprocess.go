package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/reprocess"
	"github.com/datelinenews/dateline/pipeline/search"
)

type reprocessCmd struct {
	Words []string `arg:"" optional:"" help:"Only articles with these words; as in search."`

	Source []string `group:"question" sep:"none" placeholder:"NAME" help:"Only articles of this publisher, exactly; any of several."`
	From   string   `group:"question" placeholder:"DAY" help:"First day of publication: 2025-01-20, 2025-01 or 2025."`
	To     string   `group:"question" placeholder:"DAY" help:"Last day of publication, which counts."`
	All    bool     `help:"Also articles that the current version has extracted."`
	After  string   `placeholder:"ID" help:"Begin after this article: they are taken in the order of their IDs."`
	Rate   float64  `default:"0" help:"Most articles a second. 0: as many as can be."`

	indexSettings
	deadSettings
	extractionSettings
	elasticSettings
}

func (reprocessCmd) Help() string {
	return `Takes stored articles from the index itself, Elasticsearch if it is set and --index is not given, else the embedded one, and extracts and stores them again: those whose version is not the current one, unless --all is given. It may be stopped at any time; run again, it goes on with what is left. A newer revision that arrives meanwhile is never replaced. What can't be extracted again stays as it is, and is also kept in the file of dead letters.

Examples:

    dateline reprocess
    dateline reprocess --from 2025-01 --to 2025-03 --rate 100
    dateline reprocess ceasefire --all --index ./news-index`
}

// rescannable is an index that can be read back and written.
type rescannable interface {
	store
	reprocess.Scanner
}

func (c *reprocessCmd) run(ctx context.Context, p *process) (err error) {
	q := search.Query{Words: strings.Join(c.Words, " "), Sources: c.Source, Dates: search.Published}
	if q.From, _, err = period("from", c.From); err != nil {
		return err
	}
	if _, q.To, err = period("to", c.To); err != nil {
		return err
	}
	if err := q.Validate(); err != nil {
		return usageError{err}
	}
	if err := c.check(); err != nil {
		return err
	}
	index, err := c.open(p)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := index.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("close index: %w", closeErr)
		}
	}()
	x, err := newCorrectedEngine(ctx, &c.extractionSettings, c.store(index, c.Index, false))
	if err != nil {
		return err
	}
	cfg := reprocess.Config{Index: index, Query: q, Version: x.Version(), After: c.After, Rate: c.Rate}
	if c.All {
		cfg.Version = ""
	}
	source, err := reprocess.NewSource(cfg)
	if err != nil {
		return usageError{err}
	}
	letters := deadPath(&c.deadSettings, &c.indexSettings)
	sum, err := p.store(ctx, local{
		source: source, extraction: &c.extractionSettings, dead: letters,
	}, x, index)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(p.err, "dateline: %s reprocessed in %.1f s, now of version %s\n", plural(sum.Stored, "article"), sum.Duration.Seconds(), x.Version()) // said, not needed
	x.sayForeign(p)
	return reprocessed(p, sum, source.Done(), letters)
}

// reprocessed says what is left to do.
func reprocessed(p *process, sum pipeline.Summary, last, letters string) error {
	switch dead := sum.DeadTotal(); {
	case sum.Stopped && last != "":
		return fmt.Errorf("stopped: run it again for the rest (with --all, add --after %q)", last)
	case sum.Stopped:
		return errors.New("stopped: run it again")
	case dead > 0:
		_, _ = fmt.Fprintf(p.err, "dateline: %s kept in %s; their articles stay as they were\n", plural(dead, "dead letter"), letters) // said, not needed
		return errDead
	}
	return nil
}

func (c *reprocessCmd) open(p *process) (rescannable, error) {
	if len(c.Elasticsearch) > 0 && !p.given["index"] {
		return c.connect()
	}
	return openExisting(c.Index)
}
