package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/files"
)

type extractCmd struct {
	Files []string `arg:"" optional:"" name:"files" help:"Files, folders or globs: .txt, .json, .jsonl, .html, .warc, each also with .gz; - or nothing is standard input."`

	Format    export.Format `enum:"text,jsonl,json,html,csv" default:"text" help:"What to print: text (annotated, in colour on a terminal), jsonl, json, html or csv."`
	Only      export.Kind   `enum:",entities,mentions,dates,quotes" default:"" placeholder:"KIND" help:"List in CSV nothing but entities, mentions, dates or quotes; quotes with speaker, role, quote, cue, date, article and url."`
	Offsets   export.Unit   `enum:"bytes,utf16,codepoints" default:"bytes" help:"What offsets in JSON and CSV count: bytes of UTF-8, utf16 units, or Unicode codepoints."`
	Input     files.Form    `placeholder:"FORM" help:"Form of standard input: txt, json, jsonl, html or warc. Default: told from how it begins."`
	Published string        `placeholder:"TIME" help:"Publication time of articles that have none, such as 2025-01-20: what \"yesterday\" is told from."`
	Dead      string        `default:"dead.jsonl" placeholder:"FILE" help:"File for articles that can't be read."`

	extractionSettings
}

func (extractCmd) Help() string {
	return `A .txt is the text of one article, without a title. A .json is one article or an array, a .jsonl one a line: {"text": …} with, if known, "id", "url", "title", "published", "modified", "source", "language"; or "html" for "text". An .html is a page, from which the article is taken.

Examples:

    dateline extract story.txt --published 2025-01-20
    dateline extract news/*.json --format csv > news.csv
    dateline extract news/*.json --format csv --only quotes > quotes.csv
    curl -s https://example.org/story.html | dateline extract --input html
    dateline extract news.jsonl --format jsonl --offsets codepoints > out.jsonl`
}

// What the Go runtime tries to stay under: with two workers, under 120 MB in all.
const (
	extractMemory       = 36 << 20
	extractWorkerMemory = 12 << 20 // for each worker; an article of 60 kB takes 10 MB
)

func (c *extractCmd) run(ctx context.Context, p *process) error {
	published, ok := pipeline.ParseTime(c.Published)
	if !ok {
		return usagef("--published is %q: want a date such as 2025-01-20 or an RFC 3339 time", c.Published)
	}
	if c.Only != export.All && c.Format != export.CSV {
		return usagef("--only is for --format csv: %s takes all that is found", c.Format)
	}
	workers := c.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	p.limitMemory(extractMemory + int64(workers)*extractWorkerMemory)
	source, err := p.files(c.Files, c.Input)
	if err != nil {
		return err
	}
	defer source.Close()
	x, err := newEngine(ctx, &c.extractionSettings)
	if err != nil {
		return err
	}
	width, _ := terminal(p.out)
	out := bufio.NewWriterSize(p.out, 64<<10)
	printer, err := export.New(out, c.Format, export.Options{Offsets: c.Offsets, Colour: p.colour(p.out), Width: width - 20, Only: c.Only})
	if err != nil {
		return err
	}
	dead := pipeline.NewDeadFile(c.Dead)
	runner := &pipeline.Runner{
		Source: source, Sink: printed{printer, out}, Dead: &mourner{DeadLetters: dead, w: p.err, where: c.Dead},
		Extract: withTime(x, published), Workers: workers, MaxText: int(c.MaxText), MaxAttempts: 1,
		BatchAge: 200 * time.Millisecond, Logger: p.cli.console(p.err),
	}
	sum, err := runner.Run(ctx)
	if closeErr := dead.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if sum.Stopped {
		return fmt.Errorf("stopped after %d articles", sum.Stored)
	}
	if err := printer.Close(); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	x.sayForeign(p)
	if sum.DeadTotal() > 0 {
		return errDead
	}
	return nil
}

// withTime gives articles without a publication time this one.
func withTime(x *engine, published time.Time) func(*extractor.Article) *extractor.Analysis {
	return func(a *extractor.Article) *extractor.Analysis {
		if a.Published.IsZero() {
			a.Published = published
		}
		return x.Extract(a)
	}
}

// printed is a sink that prints.
type printed struct {
	*export.Writer
	out *bufio.Writer
}

func (s printed) Write(_ context.Context, recs []pipeline.Record) error {
	if err := s.Writer.Write(recs...); err != nil {
		return err
	}
	if err := s.out.Flush(); err != nil { // whoever reads a pipe wants each article at once
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// files opens what is to be read; nothing named is standard input, if that isn't a terminal.
func (p *process) files(paths []string, form files.Form) (*files.Source, error) {
	switch form {
	case "", files.TXT, files.JSON, files.JSONL, files.HTML, files.WARC:
	default:
		return nil, usagef("--input is %q: want txt, json, jsonl, html or warc", form)
	}
	if len(paths) == 0 {
		if typing(p.in) {
			return nil, usagef("nothing to read: name files or folders, or pipe an article in")
		}
		paths = []string{files.Stdin}
	}
	s, err := files.Open(files.Config{Paths: paths, Stdin: p.in, StdinForm: form})
	if err != nil {
		return nil, err
	}
	for _, f := range s.Skipped() {
		_, _ = fmt.Fprintf(p.err, "dateline: %s: passed over: its name tells no form that can be read\n", export.Printable(f, false)) // only a word of warning
	}
	return s, nil
}

var _ io.Closer = (*files.Source)(nil)
