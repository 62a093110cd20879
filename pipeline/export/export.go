// Package export writes extracted articles for people and for other programs: annotated text, JSON
// lines, a JSON array, a web page, or a table of comma-separated values.
package export

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/datelinenews/dateline/pipeline"
)

// Format is a form of output.
type Format string

// The formats.
const (
	Text  Format = "text"  // annotated, for people: in colour, or with brackets
	JSONL Format = "jsonl" // a record a line
	JSON  Format = "json"  // an array of records
	HTML  Format = "html"  // one page that needs no other file
	CSV   Format = "csv"   // a row for each entity, mention, date and quote
)

// Formats lists all formats, the default first.
func Formats() []Format { return []Format{Text, JSONL, JSON, HTML, CSV} }

// Kind is a kind of thing that is found.
type Kind string

// The kinds.
const (
	All      Kind = ""
	Entities Kind = "entities"
	Mentions Kind = "mentions"
	Dates    Kind = "dates"
	Quotes   Kind = "quotes"
)

// Options are the choices of a Writer. The zero value is the default.
type Options struct {
	// Offsets is the unit of offsets in JSON and CSV. Default: Bytes.
	Offsets Unit
	// Only is the kind of thing that CSV lists. Default: all.
	Only Kind
	// Colour marks Text with ANSI colours instead of brackets.
	Colour bool
	// Width is where the lists below a text are cut, in characters. Default: 100.
	Width int
}

// Writer writes records in one format. It is not for concurrent use.
type Writer struct {
	w    io.Writer
	form form
	n    int // records written
	open bool
}

// form is one form of output. Each method gives what is to be written.
type form interface {
	begin() string
	// record is the n-th record, counted from 0.
	record(rec *pipeline.Record, n int) (string, error)
	end(n int) string
}

// New makes a Writer. It writes nothing before the first Write or Close.
func New(w io.Writer, f Format, opts Options) (*Writer, error) {
	if opts.Width <= 0 {
		opts.Width = 100
	}
	if _, err := Convert(pipeline.Record{}, opts.Offsets); err != nil {
		return nil, err
	}
	switch opts.Only {
	case All, Entities, Mentions, Dates, Quotes:
	default:
		return nil, fmt.Errorf("unknown kind %q: want entities, mentions, dates or quotes", opts.Only)
	}
	if opts.Only != All && f != CSV {
		return nil, fmt.Errorf("only %s can be listed in CSV, not in %s", opts.Only, f)
	}
	out := &Writer{w: w}
	switch f {
	case Text, "":
		out.form = textForm{colour: opts.Colour, width: opts.Width}
	case JSONL:
		out.form = jsonForm{lines: true, offsets: opts.Offsets}
	case JSON:
		out.form = jsonForm{offsets: opts.Offsets}
	case HTML:
		out.form = htmlForm{}
	case CSV:
		out.form = csvForm{offsets: opts.Offsets, only: opts.Only}
	default:
		return nil, fmt.Errorf("unknown format %q: want one of %v", f, Formats())
	}
	return out, nil
}

// Write writes records in their order.
func (w *Writer) Write(recs ...pipeline.Record) error {
	if err := w.begin(); err != nil {
		return err
	}
	for i := range recs {
		s, err := w.form.record(&recs[i], w.n)
		if err != nil {
			return fmt.Errorf("export %s: %w", recs[i].ID, err)
		}
		if _, err := io.WriteString(w.w, s); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		w.n++
	}
	return nil
}

// Close writes what ends the output: a file of no records is still a whole one. It does not close
// the writer below.
func (w *Writer) Close() error {
	if err := w.begin(); err != nil {
		return err
	}
	if _, err := io.WriteString(w.w, w.form.end(w.n)); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

func (w *Writer) begin() error {
	if w.open {
		return nil
	}
	w.open = true
	if _, err := io.WriteString(w.w, w.form.begin()); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// jsonForm writes records as they are stored.
type jsonForm struct {
	lines   bool
	offsets Unit
}

func (f jsonForm) begin() string { return "" }

func (f jsonForm) record(rec *pipeline.Record, n int) (string, error) {
	out, err := Convert(*rec, f.offsets)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		return "", fmt.Errorf("encode JSON: %w", err)
	}
	switch s := strings.TrimSuffix(b.String(), "\n"); {
	case f.lines:
		return s + "\n", nil
	case n == 0:
		return "[\n" + s, nil
	default:
		return ",\n" + s, nil
	}
}

func (f jsonForm) end(n int) string {
	switch {
	case f.lines:
		return ""
	case n == 0:
		return "[]\n"
	}
	return "\n]\n"
}
