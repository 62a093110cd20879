package eval

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
)

// Count is what a measure counts over articles.
type Count struct{ Right, Predicted, Gold int }

// Scores are the counts of each measure; Measures lists their names. A measure that a gold set
// does not annotate is missing.
type Scores map[string]Count

// Measures are the measures in the order in which tables show them:
//
//   - names: span and type both exact, micro-averaged. A leading article and a final 's are cut on
//     both sides; names that touch an optional one count as nothing; pronouns are no names.
//   - entities: predicted and gold entity of one type match one to one where they share at least
//     half of the union of their names; "+name": the canonical name is equal, too.
//   - dates: strict: exact span; relaxed: any overlap, one to one; value: F1 of relaxed with equal
//     TIMEX3 value.
//   - quotes: marked ones, intersection over union of the spans at least 0.8; "+speaker": the
//     speaker is right, too. A quote without a speaker costs recall alone, a wrong one both.
//   - indirect: the same for reported speech without marks, at 0.5.
func Measures() []string {
	return []string{
		"names", "names person", "names organisation", "names place",
		"entities", "entities +name",
		"dates strict", "dates relaxed", "dates value",
		"quotes", "quotes +speaker", "indirect", "indirect +speaker",
	}
}

// Precision in percent, 0 where nothing was predicted.
func (c Count) Precision() float64 { return percent(c.Right, c.Predicted) }

// Recall in percent, 0 where there is nothing to find.
func (c Count) Recall() float64 { return percent(c.Right, c.Gold) }

// F1 is the harmonic mean of precision and recall, in percent.
func (c Count) F1() float64 {
	p, r := c.Precision(), c.Recall()
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}

func percent(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return 100 * float64(n) / float64(of)
}

func (s Scores) add(measure string, right, predicted, gold int) {
	c := s[measure]
	s[measure] = Count{c.Right + right, c.Predicted + predicted, c.Gold + gold}
}

// WriteLines prints one line a measure.
func (s Scores) WriteLines(w io.Writer) error {
	for _, m := range Measures() {
		c, ok := s[m]
		if !ok || c.Predicted == 0 && c.Gold == 0 {
			continue
		}
		_, err := fmt.Fprintf(w, "%-22s P %5.1f  R %5.1f  F1 %5.1f   (%d predicted, %d gold)\n",
			m, c.Precision(), c.Recall(), c.F1(), c.Predicted, c.Gold)
		if err != nil {
			return err
		}
	}
	return nil
}

// Score compares an engine's analyses with the gold.
func Score(gold []Article, extract func(*extractor.Article) *extractor.Analysis) Scores {
	s := Scores{}
	for i := range gold {
		in := gold[i].input()
		s.article(&gold[i], predictionOf(in.Text(), extract(in)))
	}
	return s
}

// prediction is an analysis in code points.
type prediction struct {
	names    []name
	entities map[int]entity
	dates    []Date
	quotes   []saying
}

type name struct {
	Span
	typ    ner.Type
	entity int
}

type entity struct {
	typ  ner.Type
	name string
}

type saying struct {
	Span
	indirect bool
	entity   *int
	spans    []Span // the expression that names the speaker
}

func predictionOf(src string, a *extractor.Analysis) *prediction {
	at := codePoints(src)
	span := func(s text.Span) Span { return Span{at(s.Start), at(s.End)} }
	p := &prediction{entities: map[int]entity{}}
	for _, m := range a.Mentions {
		if m.Form == ner.Name || m.Form == ner.Acronym || m.Form == "" {
			p.names = append(p.names, name{span(m.Span), m.Type, m.Entity})
		}
	}
	for _, e := range a.Entities {
		p.entities[e.ID] = entity{e.Type, e.Name}
	}
	for _, d := range a.Dates {
		p.dates = append(p.dates, Date{span(d.Span), d.Value})
	}
	for _, q := range a.Quotes {
		const longest = 200 // code points; a longer expression names nobody
		s := saying{Span: span(q.Span), indirect: q.Kind == quote.Indirect}
		if q.Speaker != nil {
			s.entity = q.Speaker.Entity
			if x := q.Speaker.Expression; x != nil {
				if e := span(x.Span); e.End-e.Start <= longest {
					s.spans = append(s.spans, e)
				}
			}
		}
		p.quotes = append(p.quotes, s)
	}
	return p
}

// codePoints gives a function from byte offsets into src to code points.
func codePoints(src string) func(int) int {
	if utf8.RuneCountInString(src) == len(src) {
		return func(i int) int { return i }
	}
	at := make([]int, len(src)+1)
	n := -1
	for i := range len(src) {
		if utf8.RuneStart(src[i]) {
			n++
		}
		at[i] = n
	}
	at[len(src)] = n + 1
	return func(i int) int { return at[i] }
}

func (s Scores) article(g *Article, p *prediction) {
	src := []rune(g.Text)
	if g.Mentions != nil {
		s.names(g, src, p)
	}
	if len(g.Entities) > 0 {
		s.entities(g, src, p)
	}
	if g.Dates != nil {
		s.dates(g, p)
	}
	if g.Quotes != nil {
		s.quotes(g, src, p)
	}
}

// touchesOptional reports whether the span overlaps a debatable gold name.
func (a *Article) touchesOptional(s Span) bool {
	for _, m := range a.Mentions {
		if m.Optional && m.overlaps(s) {
			return true
		}
	}
	return false
}

func (s Scores) names(g *Article, src []rune, p *prediction) {
	type key struct {
		Span
		typ ner.Type
	}
	gold, pred := map[key]bool{}, map[key]bool{}
	for _, m := range g.Mentions {
		if !m.Optional {
			gold[key{trim(src, m.Span), m.Type}] = true
		}
	}
	for _, n := range p.names {
		if !g.touchesOptional(n.Span) {
			pred[key{trim(src, n.Span), n.typ}] = true
		}
	}
	for _, t := range ner.Types() {
		right, predicted, want := 0, 0, 0
		for k := range pred {
			if k.typ == t {
				predicted++
				if gold[k] {
					right++
				}
			}
		}
		for k := range gold {
			if k.typ == t {
				want++
			}
		}
		s.add("names "+t.String(), right, predicted, want)
		s.add("names", right, predicted, want)
	}
}

// cluster is an entity's names, as a set of trimmed spans.
type cluster[ID comparable] struct {
	id    ID
	spans map[Span]bool
}

// clusters groups spans by entity, in order of first mention.
func clusters[T any, ID comparable](mentions []T, of func(T) (ID, Span)) []cluster[ID] {
	var out []cluster[ID]
	at := map[ID]int{}
	for _, m := range mentions {
		id, s := of(m)
		i, ok := at[id]
		if !ok {
			i = len(out)
			at[id] = i
			out = append(out, cluster[ID]{id, map[Span]bool{}})
		}
		out[i].spans[s] = true
	}
	return out
}

func (s Scores) entities(g *Article, src []rune, p *prediction) {
	gold := clusters(g.Mentions, func(m Mention) (string, Span) { return m.Entity, trim(src, m.Span) })
	pred := clusters(p.names, func(n name) (int, Span) { return n.entity, trim(src, n.Span) })
	ofGold, optional := map[string]Entity{}, map[string]bool{}
	for _, e := range g.Entities {
		ofGold[e.ID] = e
	}
	for _, m := range g.Mentions {
		if m.Optional {
			optional[m.Entity] = true
		}
	}
	matches := pairs(len(pred), len(gold), func(i, j int) float64 {
		shared := 0
		for x := range pred[i].spans {
			if gold[j].spans[x] {
				shared++
			}
		}
		v := float64(shared) / float64(len(pred[i].spans)+len(gold[j].spans)-shared)
		if v < 0.5 || p.entities[pred[i].id].typ != ofGold[gold[j].id].Type {
			return 0
		}
		return v
	})
	skip := make([]bool, len(pred))
	for i, c := range pred {
		skip[i] = true
		for x := range c.spans {
			skip[i] = skip[i] && g.touchesOptional(x)
		}
	}
	right, named := 0, 0
	for _, m := range matches {
		want := ofGold[gold[m.j].id]
		if optional[want.ID] {
			skip[m.i] = true
			continue
		}
		right++
		if plain(p.entities[pred[m.i].id].name) == plain(want.Name) {
			named++
		}
	}
	predicted, want := 0, 0
	for _, out := range skip {
		if !out {
			predicted++
		}
	}
	for _, c := range gold {
		if !optional[c.id] {
			want++
		}
	}
	s.add("entities", right, predicted, want)
	s.add("entities +name", named, predicted, want)
}

func (s Scores) dates(g *Article, p *prediction) {
	gold, both := map[Span]bool{}, map[Span]bool{}
	for _, d := range g.Dates {
		gold[d.Span] = true
	}
	for _, d := range p.dates {
		if gold[d.Span] {
			both[d.Span] = true
		}
	}
	matches := pairs(len(p.dates), len(g.Dates), func(i, j int) float64 { return iou(p.dates[i].Span, g.Dates[j].Span) })
	value := 0
	for _, m := range matches {
		if strings.TrimRight(p.dates[m.i].Value, "Z") == strings.TrimRight(g.Dates[m.j].Value, "Z") {
			value++
		}
	}
	s.add("dates strict", len(both), len(p.dates), len(g.Dates))
	s.add("dates relaxed", len(matches), len(p.dates), len(g.Dates))
	s.add("dates value", value, len(p.dates), len(g.Dates))
}

func (s Scores) quotes(g *Article, src []rune, p *prediction) {
	for _, kind := range []struct {
		name     string
		indirect bool
		least    float64
	}{{"quotes", false, 0.8}, {"indirect", true, 0.5}} {
		var gold []Quote
		var pred []saying
		speakers, named := 0, 0
		for _, q := range g.Quotes {
			if (q.Kind == "indirect") == kind.indirect {
				gold = append(gold, q)
				if q.Speaker != "" || len(q.SpeakerSpans) > 0 {
					speakers++
				}
			}
		}
		for _, q := range p.quotes {
			if q.indirect == kind.indirect {
				pred = append(pred, q)
				if q.entity != nil || len(q.spans) > 0 {
					named++
				}
			}
		}
		matches := pairs(len(pred), len(gold), func(i, j int) float64 {
			v := iou(bare(src, pred[i].Span), bare(src, gold[j].Span))
			if v < kind.least {
				return 0
			}
			return v
		})
		right := 0
		for _, m := range matches {
			if g.spokenBy(p, &pred[m.i], &gold[m.j]) {
				right++
			}
		}
		s.add(kind.name, len(matches), len(pred), len(gold))
		s.add(kind.name+" +speaker", right, named, speakers)
	}
}

// spokenBy reports whether the predicted speaker is the gold one: a name of the predicted entity,
// or the expression, touches a name of the gold entity, or the gold speaker's words.
func (a *Article) spokenBy(p *prediction, pred *saying, gold *Quote) bool {
	var want []Span
	got := pred.spans
	if gold.Speaker == "" {
		for _, x := range gold.SpeakerSpans {
			want = append(want, Span{x[0], x[1]})
		}
	} else {
		for _, m := range a.Mentions {
			if m.Entity == gold.Speaker {
				want = append(want, m.Span)
			}
		}
		if pred.entity != nil {
			for _, n := range p.names {
				if n.entity == *pred.entity {
					got = append(got[:len(got):len(got)], n.Span)
				}
			}
		}
	}
	for _, x := range got {
		for _, y := range want {
			if x.overlaps(y) {
				return true
			}
		}
	}
	return false
}
