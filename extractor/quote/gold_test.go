package quote_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
)

var (
	goldSet     = flag.String("gold", "wikinews-train", "set under shared/gold to score, or a file of attributions (quotes/dev.jsonl)")
	showErrors  = flag.String("show", "", "errors to print: entities, quotes, speakers, indirect, indirect-speakers")
	trainScores = flag.Bool("scores", false, "rebuild data/scores.tsv")
	onlyDoc     = flag.String("doc", "", "score the article whose id contains this")
)

// shared is the folder of annotated articles, which the repository does not hold.
const shared = "../../../shared"

// goldDoc is an annotated article with byte offsets.
type goldDoc struct {
	id, text string
	mentions []goldMention
	names    map[string]string // entity -> canonical name
	types    map[string]ner.Type
	quotes   []goldQuote
	spans    bool // speakers are given as spans, names are not
}

type goldMention struct {
	text.Span
	entity   string
	optional bool
}

type goldQuote struct {
	text.Span
	indirect bool
	speaker  string
	spans    []text.Span
}

var plom = map[string]ner.Type{"PER": ner.Person, "ORG": ner.Organisation, "LOC": ner.Place}

// readGold reads one annotated article.
func readGold(t *testing.T, path string) goldDoc {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	type span struct{ Start, End int }
	var in struct {
		Text, Article string
		Entities      []struct {
			ID, Type, Name string
			Optional       bool
			Mentions       []span
		}
		Quotes, IndirectQuotes []struct {
			Start, End int
			Speaker    *string
		}
	}
	// encoding/json matches keys without regard to case but not to underscores.
	if err := json.Unmarshal([]byte(strings.Replace(string(raw), `"indirect_quotes"`, `"indirectQuotes"`, 1)), &in); err != nil {
		t.Fatal(err)
	}
	if in.Text == "" {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(path), "..", in.Article))
		if err != nil {
			t.Fatal(err)
		}
		in.Text = string(b)
	}
	at := offsets(in.Text)
	g := goldDoc{id: strings.TrimSuffix(filepath.Base(path), ".json"), text: in.Text, names: map[string]string{}, types: map[string]ner.Type{}}
	for _, e := range in.Entities {
		g.names[e.ID], g.types[e.ID] = e.Name, plom[e.Type]
		for _, m := range e.Mentions {
			g.mentions = append(g.mentions, goldMention{text.Span{Start: at[m.Start], End: at[m.End]}, e.ID, e.Optional})
		}
	}
	for i := range in.Quotes {
		q := in.Quotes[i]
		g.quotes = append(g.quotes, goldQuote{Span: text.Span{Start: at[q.Start], End: at[q.End]}, speaker: deref(q.Speaker)})
	}
	for i := range in.IndirectQuotes {
		q := in.IndirectQuotes[i]
		g.quotes = append(g.quotes, goldQuote{Span: text.Span{Start: at[q.Start], End: at[q.End]}, speaker: deref(q.Speaker), indirect: true})
	}
	return g
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// offsets maps code points to bytes.
func offsets(s string) []int {
	out := make([]int, 0, len(s)+1)
	for i := range s {
		out = append(out, i)
	}
	return append(out, len(s))
}

var (
	article    = regexp.MustCompile(`(?i)^(the|an|a)\s+`)
	possessive = regexp.MustCompile(`\s?['’]s$`)
)

// trim cuts a leading article and a final 's.
func trim(src string, s text.Span) text.Span {
	t := s.In(src)
	s.Start += len(t) - len(strings.TrimLeft(t, " \n\t"))
	s.End -= len(t) - len(strings.TrimRight(t, " \n\t"))
	s.Start += len(article.FindString(s.In(src)))
	if p := possessive.FindStringIndex(s.In(src)); p != nil && p[0] > 0 {
		s.End = s.Start + p[0]
	}
	return s
}

// nameMentions gives the gold names as a perfect recogniser would find them.
func (g *goldDoc) nameMentions() []ner.Mention {
	var out []ner.Mention
	for _, m := range g.mentions {
		s := trim(g.text, m.Span)
		out = append(out, ner.Mention{Span: s, Text: s.In(g.text), Type: g.types[m.entity], Score: 1})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Start < out[j].Start })
	kept := out[:0]
	for _, m := range out {
		if len(kept) == 0 || m.Start >= kept[len(kept)-1].End {
			kept = append(kept, m)
		}
	}
	return kept
}

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
			if q.Speaker != nil {
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

// loadGold reads the set that -gold names; it skips the test where it is missing.
func loadGold(t *testing.T) []goldDoc {
	t.Helper()
	if strings.HasSuffix(*goldSet, ".jsonl") {
		return readAttributions(t, filepath.Join(shared, "data", *goldSet))
	}
	pattern := filepath.Join(shared, "gold", *goldSet, "*.json")
	if strings.HasSuffix(*goldSet, ".json") {
		pattern = filepath.Join(shared, "gold", *goldSet)
	}
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no annotated articles at %s", pattern)
		}
		t.Skipf("no annotated articles at %s", pattern)
	}
	var out []goldDoc
	for _, p := range paths {
		out = append(out, readGold(t, p))
	}
	return out
}

var markedStretch = regexp.MustCompile(`["“]([^"“”]{2,}?)(["”]|\n\n|$)`)

// readAttributions reads articles whose attributions have spans of source, cue and content.
func readAttributions(t *testing.T, path string) []goldDoc {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	var out []goldDoc
	for line := range strings.Lines(string(raw)) {
		type part struct {
			Spans [][2]int
		}
		var in struct {
			ID, Text     string
			Attributions []struct {
				Source, Content []part
				QuoteType       string `json:"quote_type"`
			}
		}
		if err := json.Unmarshal([]byte(line), &in); err != nil {
			t.Fatal(err)
		}
		at := offsets(in.Text)
		spans := func(parts []part) (out []text.Span) {
			for _, p := range parts {
				for _, s := range p.Spans {
					out = append(out, text.Span{Start: at[s[0]], End: at[s[1]]})
				}
			}
			return out
		}
		g := goldDoc{id: in.ID, text: in.Text, spans: true}
		marked := markedStretch.FindAllStringSubmatchIndex(in.Text, -1)
		for _, a := range in.Attributions {
			content, source := spans(a.Content), spans(a.Source)
			if len(content) == 0 {
				continue
			}
			if a.QuoteType == "indirect" {
				hull := content[0]
				for _, s := range content {
					hull.Start, hull.End = min(hull.Start, s.Start), max(hull.End, s.End)
				}
				g.quotes = append(g.quotes, goldQuote{Span: hull, indirect: true, spans: source})
				continue
			}
			for _, m := range marked {
				for _, s := range content {
					if s.Start-4 <= m[2] && m[3] <= s.End+4 {
						g.quotes = append(g.quotes, goldQuote{Span: text.Span{Start: m[2], End: m[3]}, spans: source})
						break
					}
				}
			}
		}
		sort.SliceStable(g.quotes, func(i, j int) bool { return g.quotes[i].Start < g.quotes[j].Start })
		out = append(out, g)
	}
	return out
}

// TestGold scores coref and quote on annotated articles, with the annotated names as the
// recogniser's. Run it with -v to see the figures.
func TestGold(t *testing.T) {
	docs := loadGold(t)
	parser, err := text.NewParser()
	if err != nil {
		t.Fatal(err)
	}
	s := &scorer{t: t, sums: map[string]*tally{}, byRule: map[string]*tally{}, naming: map[string]*tally{}}
	for i := range docs {
		g := &docs[i]
		if !strings.Contains(g.id, *onlyDoc) {
			continue
		}
		doc := parser.Parse(g.text, 0)
		ents, mentions := coref.Resolve(doc, g.nameMentions())
		found := quote.Find(doc, mentions, ents)
		if !g.spans {
			s.entities(g, ents, mentions)
		}
		s.quotes(g, ents, mentions, found)
	}
	if *trainScores {
		s.writeScores()
	}
	var keys []string
	for k := range s.sums {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		t.Logf("%-22s %s", k[2:], s.sums[k])
	}
	t.Logf("speakers: right %.1f%%, wrong %.1f%%, none %.1f%%", 100-percent(s.wrong+s.none, s.judged), percent(s.wrong, s.judged), percent(s.none, s.judged))
	keys = keys[:0]
	for k := range s.byRule {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		r := s.byRule[k]
		t.Logf("rule %-32s right %5.1f%% of %d", k, percent(r.right, r.predicted), r.predicted)
	}
	if *goldSet != "wikinews-train" || *onlyDoc != "" {
		return
	}
	// Floors, so that a change that spoils a measure is seen.
	for k, floor := range floors {
		if got := s.sums[k].f1(); got < floor {
			t.Errorf("%s: F1 %.1f, want at least %.1f", k[2:], got, floor)
		}
	}
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

var floors = map[string]float64{
	"1 entities": 98, "2 entities +name": 96.5, "3 quotes": 97.5, "4 quotes +speaker": 87.5, "5 indirect": 79.5, "6 indirect +speaker": 61,
}
