package export

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/extractor/timex"
	"github.com/datelinenews/dateline/pipeline"
)

// Unit is what offsets count.
type Unit string

// The units.
const (
	Bytes      Unit = "bytes"      // of UTF-8, as records are stored
	UTF16      Unit = "utf16"      // UTF-16 code units, as JavaScript and Java index strings
	Codepoints Unit = "codepoints" // Unicode code points, as Python does
)

// Convert gives the record with its offsets in the unit. The record it is given is left as it is.
// It takes time linear in the text and the number of spans.
func Convert(rec pipeline.Record, u Unit) (pipeline.Record, error) {
	switch u {
	case Bytes, "":
		return rec, nil
	case UTF16, Codepoints:
	default:
		return rec, fmt.Errorf("unknown unit of offsets %q: want bytes, utf16 or codepoints", u)
	}
	c := newCounter(rec.Text, u)
	rec.Mentions = slices.Clone(orEmpty[ner.Mention](rec.Mentions))
	for i := range rec.Mentions {
		c.span(&rec.Mentions[i].Span)
	}
	rec.Dates = slices.Clone(orEmpty[timex.Date](rec.Dates))
	for i := range rec.Dates {
		c.span(&rec.Dates[i].Span)
	}
	rec.Quotes = slices.Clone(orEmpty[quote.Quote](rec.Quotes))
	for i := range rec.Quotes {
		q := &rec.Quotes[i]
		c.span(&q.Span)
		if q.Cue != nil {
			q.Cue = c.expression(q.Cue)
		}
		if q.Speaker != nil && q.Speaker.Expression != nil {
			s := *q.Speaker
			s.Expression = c.expression(s.Expression)
			q.Speaker = &s
		}
	}
	return rec, nil
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// stride is how many bytes lie between two counts that a counter keeps: small enough that a look-up
// is a short scan, large enough that the counts are a small part of the text.
const stride = 64

// counter turns byte offsets into counts of a unit. It keeps the count at every stride-th byte, so
// that spans in any order cost the same.
type counter struct {
	text  string
	unit  Unit
	marks []int // marks[i] is the count of units that begin before byte i*stride
}

func newCounter(s string, u Unit) *counter {
	c := &counter{text: s, unit: u, marks: make([]int, 0, len(s)/stride+1)}
	n := 0
	for i := range len(s) {
		if i%stride == 0 {
			c.marks = append(c.marks, n)
		}
		n += c.units(s[i])
	}
	if len(s)%stride == 0 {
		c.marks = append(c.marks, n)
	}
	return c
}

// units is how many units a character has, told by its first byte; 0 for its other bytes.
func (c *counter) units(b byte) int {
	switch {
	case !utf8.RuneStart(b):
		return 0
	case b >= 0xf0 && c.unit == UTF16: // beyond the basic plane: a surrogate pair
		return 2
	}
	return 1
}

// at is the count of units before the byte offset. Offsets beyond the text count as its end.
func (c *counter) at(offset int) int {
	offset = max(0, min(offset, len(c.text)))
	n := c.marks[offset/stride]
	for i := offset / stride * stride; i < offset; i++ {
		n += c.units(c.text[i])
	}
	return n
}

func (c *counter) span(s *text.Span) { s.Start, s.End = c.at(s.Start), c.at(s.End) }

func (c *counter) expression(e *quote.Expression) *quote.Expression {
	out := *e
	c.span(&out.Span)
	return &out
}
