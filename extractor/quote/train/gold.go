package train

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/eval"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
)

// Corpus is annotated articles and how they are read.
type Corpus struct {
	Articles []eval.Article
	// Weight is how much a decision of theirs counts.
	Weight float64
}

// decisions are what one corpus teaches.
type decisions struct{ marks, speakers, reported []choice }

// reader makes decisions of annotated articles.
type reader struct {
	parser *text.Parser
	finder ner.Finder
	both   bool // read articles with annotated names twice, see Plan.Recognised
	marks  map[string]float64
}

// read turns a corpus into decisions, where the weights marks (nil: none) tell what is a quotation.
// Names are the annotators' where they annotated them, else the recogniser's.
func (r *reader) read(c *Corpus, marks map[string]float64) decisions {
	var out decisions
	if c == nil {
		return out
	}
	r.marks = marks
	for i := range c.Articles {
		a := &c.Articles[i]
		g := newGold(a)
		doc := r.parser.Parse(a.Text, 0)
		weight := c.Weight
		if len(a.Entities) > 0 {
			if r.both {
				weight /= 2
			}
			r.article(g, doc, g.names(), i, weight, &out)
		}
		if len(a.Entities) == 0 || r.both {
			r.article(g, doc, r.finder.Find(doc), i, weight, &out)
		}
	}
	return out
}

func (r *reader) article(g *gold, doc *text.Doc, names []ner.Mention, n int, weight float64, out *decisions) {
	a := g.a
	entities, mentions := coref.Resolve(doc, names)
	for _, d := range quote.Decisions(r.marks, doc, mentions, entities) {
		indirect := d.Quote.Kind == quote.Indirect
		q := g.match(d.Quote.Span, indirect)
		c := choice{options: [][]string{d.Features, nil}, right: []bool{q != nil, q == nil}, weight: weight, article: n}
		if indirect {
			out.reported = append(out.reported, c)
			continue
		}
		if len(a.Entities) == 0 && strings.Trim(d.Marks, "\"“”") != "" {
			// Who read those articles saw no marks in '' ''; what somebody is reported to say, they did. Of
			// single marks they say nothing.
			if strings.Trim(d.Marks, "`'") != "" || len(d.Marks) < 4 {
				continue
			}
			q = g.around(d.Quote.Span)
			c.right = []bool{q != nil, q == nil}
		}
		out.marks = append(out.marks, c)
		if q == nil {
			continue
		}
		s := choice{weight: weight, article: n}
		for _, o := range d.Speakers {
			s.options = append(s.options, o.Features)
			s.right = append(s.right, g.spokenBy(mentions, o.Speaker, q))
		}
		out.speakers = append(out.speakers, s)
	}
}

// gold is an annotated article in bytes.
type gold struct {
	a  *eval.Article
	at []int // byte offset of each code point
	// used marks the quotes that something was matched with.
	used map[int]bool
}

func newGold(a *eval.Article) *gold {
	g := &gold{a: a, used: map[int]bool{}}
	for i := range a.Text {
		g.at = append(g.at, i)
	}
	g.at = append(g.at, len(a.Text))
	return g
}

func (g *gold) span(s eval.Span) text.Span { return text.Span{Start: g.at[s.Start], End: g.at[s.End]} }

// names are the annotated names as a perfect recogniser finds them.
func (g *gold) names() []ner.Mention {
	var all []ner.Mention
	for _, m := range g.a.Mentions {
		s := g.span(m.Span)
		t := s.In(g.a.Text)
		for _, article := range []string{"the ", "The ", "a ", "A ", "an ", "An "} {
			if strings.HasPrefix(t, article) {
				s.Start += len(article)
				break
			}
		}
		all = append(all, ner.Mention{Span: s, Text: s.In(g.a.Text), Type: m.Type, Score: 1})
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Start < all[j].Start })
	kept := all[:0]
	for _, m := range all {
		if len(kept) == 0 || m.Start >= kept[len(kept)-1].End {
			kept = append(kept, m)
		}
	}
	return kept
}

// match is the annotated quote that a span is, nil where it is none.
func (g *gold) match(s text.Span, indirect bool) *eval.Quote {
	least := 0.8
	if indirect {
		least = 0.5
	}
	best, at := 0.0, -1
	for i := range g.a.Quotes {
		q := &g.a.Quotes[i]
		if (q.Kind == "indirect") != indirect {
			continue
		}
		v := overlap(g.bare(s), g.bare(g.span(q.Span)))
		if v >= least && v > best {
			best, at = v, i
		}
	}
	if at < 0 {
		return nil
	}
	return &g.a.Quotes[at]
}

// around is the shortest annotated quote of any kind that holds a span, nil where none does.
func (g *gold) around(s text.Span) *eval.Quote {
	var best *eval.Quote
	for i := range g.a.Quotes {
		q := &g.a.Quotes[i]
		if g.span(q.Span).Contains(s) && (best == nil || q.End-q.Start < best.End-best.Start) {
			best = q
		}
	}
	return best
}

// bare is a span without marks and closing punctuation.
func (g *gold) bare(s text.Span) text.Span {
	const marks = "\"“”'‘’«» \n"
	for s.Start < s.End {
		r, n := utf8.DecodeRuneInString(g.a.Text[s.Start:])
		if !strings.ContainsRune(marks, r) {
			break
		}
		s.Start += n
	}
	for s.End > s.Start {
		r, n := utf8.DecodeLastRuneInString(g.a.Text[:s.End])
		if !strings.ContainsRune(marks+",.", r) {
			break
		}
		s.End -= n
	}
	return s
}

// overlap is intersection over union.
func overlap(a, b text.Span) float64 {
	i := min(a.End, b.End) - max(a.Start, b.Start)
	if i <= 0 {
		return 0
	}
	return float64(i) / float64(max(a.End, b.End)-min(a.Start, b.Start))
}

// spokenBy reports whether a speaker is the annotated one. Where the annotators named nobody,
// nobody and speakers that are no named entity are right.
func (g *gold) spokenBy(mentions []ner.Mention, s *quote.Speaker, q *eval.Quote) bool {
	var want []text.Span
	if q.Speaker == "" {
		for _, x := range q.SpeakerSpans {
			want = append(want, g.span(eval.Span{Start: x[0], End: x[1]}))
		}
	} else {
		for _, m := range g.a.Mentions {
			if m.Entity == q.Speaker {
				want = append(want, g.span(m.Span))
			}
		}
	}
	if len(want) == 0 {
		return s == nil || s.Entity == nil
	}
	if s == nil {
		return false
	}
	var got []text.Span
	if s.Expression != nil {
		got = append(got, s.Span)
	}
	if s.Entity != nil && q.Speaker != "" {
		for _, m := range mentions {
			if m.Entity == *s.Entity && (m.Form == ner.Name || m.Form == ner.Acronym) {
				got = append(got, m.Span)
			}
		}
	}
	for _, x := range got {
		for _, y := range want {
			if x.Overlaps(y) {
				return true
			}
		}
	}
	return false
}

// ReadCorpus reads the gold files (or folders of them) at some paths.
func ReadCorpus(weight float64, paths ...string) (*Corpus, error) {
	sets, err := eval.ReadSets(paths...)
	if err != nil {
		return nil, fmt.Errorf("read corpus: %w", err)
	}
	c := &Corpus{Weight: weight}
	for _, s := range sets {
		c.Articles = append(c.Articles, s.Articles...)
	}
	return c, nil
}

// Leave drops every fifth article, from the k-th on.
func (c *Corpus) Leave(k int) {
	var kept []eval.Article
	for i, a := range c.Articles {
		if i%folds != k {
			kept = append(kept, a)
		}
	}
	c.Articles = kept
}
