package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/files"
	"github.com/datelinenews/dateline/pipeline/web"
	"github.com/datelinenews/dateline/testdata"
)

type runCmd struct {
	Sources []string `arg:"" optional:"" name:"sources" help:"Files, folders or globs: .txt, .json, .jsonl, .html, .warc, each also with .gz; - is standard input. Default: testdata/articles, or the copy of it that is built in."`

	Input files.Form `placeholder:"FORM" help:"Form of standard input: txt, json, jsonl, html or warc. Default: told from how it begins."`
	Serve bool       `help:"Also serve pages and API (--listen), from the first article on and until stopped."`
	Top   int        `default:"8" help:"How many people, organisations, places, dates and speakers the summary has."`

	feedSettings
	webSettings
	indexSettings
	deadSettings
	extractionSettings
	observeSettings
}

func (runCmd) Help() string {
	return `An article that is in the index already is replaced, unless what is there is newer. What can't be read or stored goes to the file of dead letters, the rest is indexed, and the exit code is 3.

Examples:

    dateline run
    dateline run news/ --index ./news-index
    zcat archive.jsonl.gz | dateline run - --input jsonl
    dateline run --feed https://example.org/news.xml
    dateline run --opml feeds.opml --every 15m --serve
    dateline run news/ --serve`
}

func (c *runCmd) run(ctx context.Context, p *process) error {
	if err := c.checkEvery(c.Sources); err != nil {
		return err
	}
	if c.some() {
		return c.runFeeds(ctx, p)
	}
	source, err := p.articles(c.Sources, c.Input)
	if err != nil {
		return err
	}
	defer source.Close()
	letters := deadPath(&c.deadSettings, &c.indexSettings)
	return localRun(ctx, p, local{
		source: source, extraction: &c.extractionSettings, index: c.Index, dead: letters, top: c.Top, observe: &c.observeSettings, web: c.web(),
		size: func() (int64, int64) { return source.Position(), source.Total() },
	})
}

// articles opens the sources, or testdata where there are none.
func (p *process) articles(paths []string, form files.Form) (*files.Source, error) {
	const examples = "testdata/articles"
	if len(paths) > 0 {
		return p.files(paths, form)
	}
	if info, err := os.Stat(examples); err == nil && info.IsDir() {
		return p.files([]string{examples}, form)
	}
	s, err := files.Open(files.Config{Paths: []string{"articles"}, FS: testdata.Articles})
	if err != nil {
		return nil, fmt.Errorf("open the articles that are built in: %w", err)
	}
	return s, nil
}

// deadPath is where dead letters of local runs go.
func deadPath(d *deadSettings, i *indexSettings) string {
	if d.Dead != "" {
		return d.Dead
	}
	return filepath.Join(filepath.Dir(filepath.Clean(i.Index)), "dead.jsonl")
}

// errNothing is what a run without articles ends with.
var errNothing = errors.New("there were no articles to read")

// local is a run into the embedded index.
type local struct {
	source      pipeline.Source
	extraction  *extractionSettings
	index, dead string
	top         int
	observe     *observeSettings
	size        func() (read, total int64) // see progress
	observed    func(*observation)         // told of the metrics before the source is read; nil: nobody
	follow      bool                       // the source goes on until ctx is done, as is meant
	web         *webSettings               // nil: nothing is served
}

// web are the settings of the pages, where they are wanted.
func (c *runCmd) web() *webSettings {
	if !c.Serve {
		return nil
	}
	return &c.webSettings
}

// localRun extracts and stores, shows how far it is, and sums up.
func localRun(ctx context.Context, p *process, l local) error {
	fixes := l.extraction.store(nil, l.index, l.web != nil && l.web.Edit)
	x, err := newCorrectedEngine(ctx, l.extraction, fixes)
	if err != nil {
		return err
	}
	var page web.Config
	if l.web != nil {
		if page, err = l.web.config(); err != nil {
			return err
		}
	}
	index, err := openIndex(l.index)
	if err != nil {
		return err
	}
	stop := func() error { return nil }
	if l.web != nil {
		page.Edit, page.Corrections = l.web.Edit, fixes
		page.Store, page.Name, page.Status = index, l.index, fileStatus(index, l.dead)
		if stop, err = l.web.start(p, page); err != nil {
			return errors.Join(err, index.Close())
		}
	}
	err = indexed(ctx, p, l, x, index)
	if l.web != nil && (err == nil || errors.Is(err, errDead) || errors.Is(err, errNothing)) {
		<-ctx.Done()
	}
	return errors.Join(err, stop(), index.Close())
}

// indexed stores what there is, and sums up.
func indexed(ctx context.Context, p *process, l local, x *engine, index store) error {
	totals := &export.Summary{}
	sum, err := p.store(ctx, l, x, summing{index, totals})
	if err != nil {
		return err
	}
	width, _ := terminal(p.out)
	_, err = fmt.Fprint(p.out, totals.String(export.SummaryOptions{Top: l.top, Colour: p.colour(p.out), Width: min(width, 120)}))
	if err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	_, _ = fmt.Fprintf(p.err, "dateline: %s stored in %s in %.1f s (%s/s)\n", plural(sum.Stored, "article"), l.index, // said, not needed
		sum.Duration.Seconds(), export.Thousands(int(float64(sum.Stored)/max(sum.Duration.Seconds(), 1e-3))))
	x.sayForeign(p)
	switch dead := sum.DeadTotal(); {
	case sum.Stopped && l.follow:
		return nil
	case sum.Stopped:
		return fmt.Errorf("stopped: what was read is stored; run it again for the rest")
	case dead > 0:
		_, _ = fmt.Fprintf(p.err, "dateline: %s kept in %s: mend the cause and run dateline replay\n", plural(dead, "dead letter"), l.dead)
		return errDead
	case sum.Stored == 0:
		return errNothing
	}
	return nil
}

// store runs the runner, with its progress.
func (p *process) store(ctx context.Context, l local, x *engine, sink pipeline.Sink) (pipeline.Summary, error) {
	dead := pipeline.NewDeadFile(l.dead)
	runner := &pipeline.Runner{
		Source: l.source, Sink: sink, Extract: x.Extract,
		Workers: l.extraction.Workers, MaxText: int(l.extraction.MaxText), MaxAttempts: 3,
	}
	_, live := terminal(p.err)
	bar := &progress{w: p.err, live: live, stats: runner.Stats, size: l.size}
	if l.observe != nil {
		seen := l.observe.observe(x)
		seen.Runner(runner.Stats)
		runner.Observe = seen.Observe
		if l.observed != nil {
			l.observed(seen)
		}
		if err := seen.serve(l.observe, p.cli.console(bar)); err != nil {
			return pipeline.Summary{}, err
		}
		defer seen.close()
	}
	runner.Dead = &mourner{DeadLetters: dead, w: bar, where: l.dead}
	runner.Logger = p.cli.console(bar)
	if l.follow {
		runner.MaxAttempts = 0 // what runs for ever waits for a disk that is full
		runner.Logger = p.cli.logger(p.err)
	} else {
		bar.start()
	}
	sum, err := runner.Run(ctx)
	if !l.follow {
		bar.end()
	}
	if closeErr := dead.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("close dead letters: %w", closeErr)
	}
	return sum, err
}

// summing is a sink that also sums up what it has stored.
type summing struct {
	pipeline.Sink
	totals *export.Summary
}

func (s summing) Write(ctx context.Context, recs []pipeline.Record) error {
	err := s.Sink.Write(ctx, recs)
	var rejected *pipeline.RejectError
	if err != nil && !errors.As(err, &rejected) {
		return err
	}
	for i := range recs {
		if rejected != nil && rejected.Reasons[i] != "" {
			continue
		}
		s.totals.Add(&recs[i])
	}
	return err
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return export.Thousands(n) + " " + noun + "s"
}
