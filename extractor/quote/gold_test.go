package quote_test

import (
	"encoding/json"
	"flag"
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

var floors = map[string]float64{
	"1 entities": 98, "2 entities +name": 96.5, "3 quotes": 97.5, "4 quotes +speaker": 90.5, "5 indirect": 81.5, "6 indirect +speaker": 63.5,
}
