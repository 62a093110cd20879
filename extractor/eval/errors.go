package eval

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteErrors lists what the engine gets wrong in the sets, an article after the other: names and
// dates it misses or invents, dates with another value, and quotes with another speaker.
func WriteErrors(w io.Writer, sets []Set, e Engine) error {
	var b strings.Builder
	for _, set := range sets {
		for i := range set.Articles {
			g := &set.Articles[i]
			in := g.input()
			found := g.mistakes(predictionOf(in.Text(), e.Extract(in)))
			if len(found) == 0 {
				continue
			}
			fmt.Fprintf(&b, "%s: %s\n", set.Name, g.ID)
			src := []rune(g.Text)
			for _, m := range found {
				before, after := max(0, m.Start-30), min(len(src), m.End+30)
				fmt.Fprintf(&b, "  %-16s %s[%s]%s  %s\n", m.what, flat(src[before:m.Start]), flat(src[m.Start:m.End]), flat(src[m.End:after]), m.note)
			}
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("print errors: %w", err)
	}
	return nil
}

// flat is one line of at most 80 code points.
func flat(r []rune) string {
	if len(r) > 80 {
		r = append(append(slices.Clone(r[:50]), '…'), r[len(r)-29:]...)
	}
	return strings.ReplaceAll(string(r), "\n", "⏎")
}

// mistake is one error at its place.
type mistake struct {
	Span
	what, note string
}

func (a *Article) mistakes(p *prediction) []mistake {
	var out []mistake
	src := []rune(a.Text)
	add := func(s Span, what, format string, args ...any) {
		out = append(out, mistake{s, what, fmt.Sprintf(format, args...)})
	}
	if a.Mentions != nil {
		gold, pred := map[Span]string{}, map[Span]string{}
		for _, m := range a.Mentions {
			if !m.Optional {
				gold[trim(src, m.Span)] = m.Type.String()
			}
		}
		for _, n := range p.names {
			if !a.touchesOptional(n.Span) {
				pred[trim(src, n.Span)] = n.typ.String()
			}
		}
		for s, t := range gold {
			if got, ok := pred[s]; !ok {
				add(s, "missed name", "%s", t)
			} else if got != t {
				add(s, "type of name", "%s, is %s", got, t)
			}
		}
		for s, t := range pred {
			if _, ok := gold[s]; !ok {
				add(s, "no name", "%s", t)
			}
		}
	}
	if a.Dates != nil {
		a.dateMistakes(p, add)
	}
	if a.Quotes != nil {
		a.quoteMistakes(p, src, add)
	}
	slices.SortFunc(out, func(x, y mistake) int {
		return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.End, y.End), cmp.Compare(x.what, y.what), cmp.Compare(x.note, y.note))
	})
	return out
}

func (a *Article) dateMistakes(p *prediction, add func(Span, string, string, ...any)) {
	matches := pairs(len(p.dates), len(a.Dates), func(i, j int) float64 { return iou(p.dates[i].Span, a.Dates[j].Span) })
	pred, gold := make([]bool, len(p.dates)), make([]bool, len(a.Dates))
	for _, m := range matches {
		pred[m.i], gold[m.j] = true, true
		x, y := p.dates[m.i], a.Dates[m.j]
		if x.Value != y.Value {
			add(x.Span, "value of date", "%s, is %s", x.Value, y.Value)
		}
		if x.Span != y.Span {
			add(x.Span, "span of date", "is %d to %d, %q", y.Start, y.End, string([]rune(a.Text)[y.Start:y.End]))
		}
	}
	for i, ok := range pred {
		if !ok {
			add(p.dates[i].Span, "no date", "%s", p.dates[i].Value)
		}
	}
	for i, ok := range gold {
		if !ok {
			add(a.Dates[i].Span, "missed date", "%s", a.Dates[i].Value)
		}
	}
}

func (a *Article) quoteMistakes(p *prediction, src []rune, add func(Span, string, string, ...any)) {
	for _, indirect := range []bool{false, true} {
		least := 0.8
		if indirect {
			least = 0.5
		}
		matches := pairs(len(p.quotes), len(a.Quotes), func(i, j int) float64 {
			x, y := &p.quotes[i], &a.Quotes[j]
			if x.indirect != indirect || (y.Kind == "indirect") != indirect {
				return 0
			}
			if v := iou(bare(src, x.Span), bare(src, y.Span)); v >= least {
				return v
			}
			return 0
		})
		pred, gold := map[int]bool{}, map[int]bool{}
		for _, m := range matches {
			pred[m.i], gold[m.j] = true, true
			x, y := &p.quotes[m.i], &a.Quotes[m.j]
			if (y.Speaker != "" || len(y.SpeakerSpans) > 0) && !a.spokenBy(p, x, y) {
				add(x.Span, "speaker", "%s, is %s", p.speaker(x, src), a.nameOf(y.Speaker))
			}
		}
		for i := range p.quotes {
			if q := &p.quotes[i]; q.indirect == indirect && !pred[i] {
				add(q.Span, "no quote", "%s", p.speaker(q, src))
			}
		}
		for i := range a.Quotes {
			if q := &a.Quotes[i]; (q.Kind == "indirect") == indirect && !gold[i] {
				add(q.Span, "missed quote", "%s, %s", q.Kind, a.nameOf(q.Speaker))
			}
		}
	}
}

// speaker names whom the prediction holds for the speaker.
func (p *prediction) speaker(q *saying, src []rune) string {
	switch {
	case q.entity != nil:
		return p.entities[*q.entity].name
	case len(q.spans) > 0:
		return fmt.Sprintf("%q", string(src[q.spans[0].Start:q.spans[0].End]))
	}
	return "nobody"
}

func (a *Article) nameOf(id string) string {
	for _, e := range a.Entities {
		if e.ID == id {
			return e.Name
		}
	}
	return "nobody"
}
