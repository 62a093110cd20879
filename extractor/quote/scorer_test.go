package quote_test

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
)

// tally counts right, predicted and gold.
type tally struct{ right, predicted, gold int }

func (t tally) f1() float64 {
	if t.predicted+t.gold == 0 {
		return 0
	}
	return 200 * float64(t.right) / float64(t.predicted+t.gold)
}

func (t tally) String() string {
	return fmt.Sprintf("P %5.1f  R %5.1f  F1 %5.1f  (%d predicted, %d gold)", percent(t.right, t.predicted), percent(t.right, t.gold), t.f1(), t.predicted, t.gold)
}

func percent(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return 100 * float64(a) / float64(b)
}

// scorer judges as the project's scorer does.
type scorer struct {
	t      *testing.T
	sums   map[string]*tally
	byRule map[string]*tally
	// naming counts, for each rule and way of naming a speaker, how often it was right.
	naming map[string]*tally
	wrong  int
	none   int
	judged int
}

func (s *scorer) of(k string) *tally {
	if s.sums[k] == nil {
		s.sums[k] = &tally{}
	}
	return s.sums[k]
}

func (s *scorer) show(kind, format string, args ...any) {
	if strings.Contains(","+*showErrors+",", ","+kind+",") {
		s.t.Logf(kind+": "+format, args...)
	}
}

type pair struct{ a, b int }

// match pairs a's and b's one to one by descending score.
func match(na, nb int, score func(a, b int) float64) []pair {
	type cand struct {
		s float64
		pair
	}
	var c []cand
	for a := range na {
		for b := range nb {
			if v := score(a, b); v > 0 {
				c = append(c, cand{v, pair{a, b}})
			}
		}
	}
	sort.SliceStable(c, func(i, j int) bool { return c[i].s > c[j].s })
	ua, ub := map[int]bool{}, map[int]bool{}
	var out []pair
	for _, x := range c {
		if !ua[x.a] && !ub[x.b] {
			ua[x.a], ub[x.b] = true, true
			out = append(out, x.pair)
		}
	}
	return out
}

func normName(s string) string {
	return strings.ReplaceAll(strings.ToLower(article.ReplaceAllString(s, "")), "’", "'")
}

// entities scores the clusters.
func (s *scorer) entities(g *goldDoc, ents []coref.Entity, mentions []ner.Mention) {
	pe := make([]map[text.Span]bool, len(ents))
	for _, m := range mentions {
		if m.Form == ner.Name || m.Form == ner.Acronym {
			if pe[m.Entity] == nil {
				pe[m.Entity] = map[text.Span]bool{}
			}
			pe[m.Entity][trim(g.text, m.Span)] = true
		}
	}
	var ids []string
	ge := map[string]map[text.Span]bool{}
	optional := map[string]bool{}
	var optSpans []text.Span
	for _, m := range g.mentions {
		if ge[m.entity] == nil {
			ge[m.entity] = map[text.Span]bool{}
			ids = append(ids, m.entity)
		}
		ge[m.entity][trim(g.text, m.Span)] = true
		if m.optional {
			optional[m.entity] = true
			optSpans = append(optSpans, m.Span)
		}
	}
	ms := match(len(ents), len(ids), func(a, b int) float64 {
		if ents[a].Type != g.types[ids[b]] {
			return 0
		}
		both := 0
		for x := range pe[a] {
			if ge[ids[b]][x] {
				both++
			}
		}
		j := float64(both) / float64(len(pe[a])+len(ge[ids[b]])-both)
		if j < 0.5 {
			return 0
		}
		return j
	})
	skip := map[int]bool{}
	for i := range ents {
		all := true
		for x := range pe[i] {
			hit := false
			for _, o := range optSpans {
				hit = hit || o.Overlaps(x)
			}
			all = all && hit
		}
		skip[i] = all
	}
	n, k := s.of("1 entities"), s.of("2 entities +name")
	matchedGold, exact := map[string]bool{}, map[int]bool{}
	for _, m := range ms {
		id := ids[m.b]
		if optional[id] {
			skip[m.a] = true
			continue
		}
		matchedGold[id] = true
		n.right++
		if normName(ents[m.a].Name) == normName(g.names[id]) {
			k.right++
		} else {
			s.show("names", "%s: %q for %q", g.id, ents[m.a].Name, g.names[id])
		}
		exact[m.a] = len(pe[m.a]) == len(ge[id])
	}
	for i := range ents {
		if !skip[i] {
			n.predicted++
			k.predicted++
			if !exact[i] {
				s.show("entities", "%s: %v %q = %v", g.id, ents[i].Type, ents[i].Name, surfaces(g.text, pe[i]))
			}
		}
	}
	for _, id := range ids {
		if !optional[id] {
			n.gold++
			k.gold++
			if !matchedGold[id] {
				s.show("entities", "%s: MISSED %v %q = %v", g.id, g.types[id], g.names[id], surfaces(g.text, ge[id]))
			}
		}
	}
}

func surfaces(src string, spans map[text.Span]bool) []string {
	var out []string
	for x := range spans {
		out = append(out, x.In(src))
	}
	sort.Strings(out)
	return out
}

// bare is a quote's span without marks, spaces and closing punctuation.
func bare(src string, s text.Span) text.Span {
	t := s.In(src)
	s.Start += len(t) - len(strings.TrimLeft(t, "\"“”'‘’«» \n"))
	if s.Start > s.End {
		s.Start = s.End
	}
	t = s.In(src)
	s.End -= len(t) - len(strings.TrimRight(t, "\"“”'‘’«» \n,."))
	return s
}

func iou(a, b text.Span) float64 {
	i := min(a.End, b.End) - max(a.Start, b.Start)
	if i <= 0 {
		return 0
	}
	return float64(i) / float64(max(a.End, b.End)-min(a.Start, b.Start))
}

// quotes scores quotations and their speakers.
func (s *scorer) quotes(g *goldDoc, ents []coref.Entity, mentions []ner.Mention, found []quote.Quote) {
	gm := map[string][]text.Span{}
	for _, m := range g.mentions {
		gm[m.entity] = append(gm[m.entity], m.Span)
	}
	pm := map[int][]text.Span{}
	for _, m := range mentions {
		if m.Form == ner.Name || m.Form == ner.Acronym {
			pm[m.Entity] = append(pm[m.Entity], m.Span)
		}
	}
	for _, indirect := range []bool{false, true} {
		label, cut := "quotes", 0.8
		if indirect {
			label, cut = "indirect", 0.5
		}
		var gq []goldQuote
		var pq []quote.Quote
		for _, q := range g.quotes {
			if q.indirect == indirect {
				gq = append(gq, q)
			}
		}
		for _, q := range found {
			if (q.Kind == quote.Indirect) == indirect {
				pq = append(pq, q)
			}
		}
		ms := match(len(pq), len(gq), func(a, b int) float64 {
			v := iou(bare(g.text, pq[a].Span), bare(g.text, gq[b].Span))
			if v < cut {
				return 0
			}
			return v
		})
		n, k := s.of("3 quotes"), s.of("4 quotes +speaker")
		if indirect {
			n, k = s.of("5 indirect"), s.of("6 indirect +speaker")
		}
		n.right += len(ms)
		n.predicted += len(pq)
		n.gold += len(gq)
		pmatched, gmatched := map[int]bool{}, map[int]bool{}
		for _, m := range ms {
			pmatched[m.a], gmatched[m.b] = true, true
			q, w := pq[m.a], gq[m.b]
			named := q.Speaker != nil && (q.Speaker.Entity != nil || q.Speaker.Expression != nil)
			want := w.spans
			if w.speaker != "" {
				want = gm[w.speaker]
			}
			right := false
			if named && len(want) > 0 {
				var got []text.Span
				if q.Speaker.Entity != nil && w.speaker != "" {
					got = append(got, pm[*q.Speaker.Entity]...)
				}
				if q.Speaker.Expression != nil {
					got = append(got, q.Speaker.Span)
				}
				for _, x := range got {
					for _, y := range want {
						right = right || x.Overlaps(y)
					}
				}
			}
			if right {
				k.right++
			}
			if q.Speaker != nil && indirect {
				how := q.Rule + "\t" + quote.Naming(mentions, ents, q.Speaker)
				if s.naming[how] == nil {
					s.naming[how] = &tally{}
				}
				s.naming[how].predicted++
				if right || len(want) == 0 && q.Speaker.Entity == nil {
					s.naming[how].right++
				}
			}
			rule := fmt.Sprintf("%s, score %.2f", q.Rule, q.Score)
			r := s.byRule[rule]
			if r == nil {
				r = &tally{}
				s.byRule[rule] = r
			}
			if len(want) > 0 {
				s.judged++
				r.predicted++
				switch {
				case right:
					r.right++
				case !named || q.Speaker.Entity == nil && w.speaker != "":
					s.none++
				default:
					s.wrong++
				}
				if !right {
					s.show(label+"-speakers", "%s: rule %s: %s\n   want %s got %s\n   %s", g.id, q.Rule, clip(q.Text), nameOf(g, w), speakerOf(q), around(g.text, q.Span))
				}
			} else if named && q.Speaker.Entity != nil {
				s.show(label+"-speakers", "%s: rule %s: UNWANTED %s: %s\n   %s", g.id, q.Rule, speakerOf(q), clip(q.Text), around(g.text, q.Span))
			}
		}
		for i, q := range pq {
			if q.Speaker != nil && (q.Speaker.Entity != nil || q.Speaker.Expression != nil) {
				k.predicted++
			}
			if !pmatched[i] {
				s.show(label, "%s: EXTRA (%s) %s\n   %s", g.id, q.Rule, q.Text, around(g.text, q.Span))
			}
		}
		for i, q := range gq {
			if q.speaker != "" || len(q.spans) > 0 {
				k.gold++
			}
			if !gmatched[i] {
				s.show(label, "%s: MISSED %s\n   %s", g.id, q.In(g.text), around(g.text, q.Span))
			}
		}
	}
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

func around(src string, s text.Span) string {
	a, b := max(0, s.Start-160), min(len(src), s.End+100)
	return strings.ToValidUTF8(strings.ReplaceAll(src[a:s.Start]+"⟦"+src[s.Start:s.End]+"⟧"+src[s.End:b], "\n", "¶"), "")
}

func nameOf(g *goldDoc, w goldQuote) string {
	if w.speaker != "" {
		return g.names[w.speaker]
	}
	var out []string
	for _, s := range w.spans {
		out = append(out, s.In(g.text))
	}
	return strings.Join(out, "|")
}

func speakerOf(q quote.Quote) string {
	out := "-"
	if q.Speaker != nil && q.Speaker.Expression != nil {
		out = fmt.Sprintf("%q", q.Speaker.Text)
	}
	if q.Speaker != nil && q.Speaker.Entity != nil {
		out += fmt.Sprintf(" entity %d", *q.Speaker.Entity)
	}
	if q.Cue != nil {
		out += fmt.Sprintf(" cue %q", q.Cue.Text)
	}
	return out
}

// writeScores writes how often each rule's speaker is right, a little towards two thirds where it
// was seen seldom.
func (s *scorer) writeScores() {
	var keys []string
	for k := range s.naming {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b strings.Builder
	b.WriteString("# Rule, how the speaker is named, how often that is right; see MODEL.md.\n")
	for _, k := range keys {
		n := s.naming[k]
		fmt.Fprintf(&b, "%s\t%.2f\t%d\n", k, (float64(n.right)+2)/(float64(n.predicted)+3), n.predicted)
	}
	if err := os.WriteFile("data/scores.tsv", []byte(b.String()), 0o644); err != nil {
		s.t.Fatal(err)
	}
}
