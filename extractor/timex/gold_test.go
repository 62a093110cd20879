package timex

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/text"
)

// The corpora are kept outside the repository; DATELINE_SHARED says where.
func corpora(t testing.TB) string {
	dir := os.Getenv("DATELINE_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	if _, err := os.Stat(filepath.Join(dir, "data/dates")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no corpora: ", err)
	}
	return dir
}

// goldDate is a gold expression; offsets are code points until they are made bytes.
type goldDate struct {
	Start, End       int
	Type, Value, Mod string
}

type goldDoc struct {
	id, text  string
	published time.Time
	dates     []goldDate
}

func parseTime(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

// toBytes makes byte offsets of code points.
func (d *goldDoc) toBytes() {
	at := make([]int, 0, len(d.text)+1)
	for i := range d.text {
		at = append(at, i)
	}
	at = append(at, len(d.text))
	for i := range d.dates {
		d.dates[i].Start, d.dates[i].End = at[d.dates[i].Start], at[d.dates[i].End]
	}
}

// readTimexes reads data/dates/*.jsonl with "timexes".
func readTimexes(t testing.TB, path string) []goldDoc {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []goldDoc
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<24)
	for sc.Scan() {
		var d struct {
			ID, DCT, Text string
			Timexes       []struct {
				S, E             int
				Type, Value, Mod string
			}
		}
		if err := json.Unmarshal(sc.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		g := goldDoc{id: d.ID, text: d.Text, published: parseTime(d.DCT)}
		for _, x := range d.Timexes {
			g.dates = append(g.dates, goldDate{x.S, x.E, x.Type, x.Value, x.Mod})
		}
		g.toBytes()
		out = append(out, g)
	}
	return out
}

// readArticles reads gold/*/*.json.
func readArticles(t testing.TB, pattern string) []goldDoc {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatal("no gold files: ", pattern)
	}
	var out []goldDoc
	for _, p := range paths {
		raw, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			ID, Text, Published, Article string
			Dates                        []goldDate
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(p, err)
		}
		if d.Text == "" {
			raw, err := os.ReadFile(filepath.Join(filepath.Dir(p), "..", d.Article))
			if err != nil {
				t.Fatal(err)
			}
			d.Text = string(raw)
		}
		g := goldDoc{id: d.ID, text: d.Text, published: parseTime(d.Published), dates: d.Dates}
		g.toBytes()
		out = append(out, g)
	}
	return out
}

type score struct {
	strict, relaxed, value, predicted, gold int
}

func (s score) f1(hits int) float64 {
	if s.predicted+s.gold == 0 {
		return 0
	}
	return 200 * float64(hits) / float64(s.predicted+s.gold)
}

func (s score) String() string {
	return fmt.Sprintf("strict %5.1f  relaxed %5.1f  value %5.1f  (%d predicted, %d gold)",
		s.f1(s.strict), s.f1(s.relaxed), s.f1(s.value), s.predicted, s.gold)
}

// judge scores one document as score.py does: relaxed pairs are made greedily by overlap.
func judge(d *goldDoc, got []Date, s *score, report func(kind string, got *Date, want *goldDate)) {
	type pair struct {
		iou  float64
		i, j int
	}
	var pairs []pair
	for i, a := range got {
		for j, b := range d.dates {
			as, ae := runes(d.text, a.Start, a.End)
			bs, be := runes(d.text, b.Start, b.End)
			if n := min(ae, be) - max(as, bs); n > 0 {
				pairs = append(pairs, pair{float64(n) / float64(max(ae, be)-min(as, bs)), i, j})
			}
		}
	}
	sort.SliceStable(pairs, func(x, y int) bool { return pairs[x].iou > pairs[y].iou })
	usedGot, usedGold := map[int]bool{}, map[int]bool{}
	for _, p := range pairs {
		if usedGot[p.i] || usedGold[p.j] {
			continue
		}
		usedGot[p.i], usedGold[p.j] = true, true
		s.relaxed++
		a, b := &got[p.i], &d.dates[p.j]
		if a.Start == b.Start && a.End == b.End {
			s.strict++
		} else {
			report("span", a, b)
		}
		if strings.TrimRight(a.Value, "Z") == strings.TrimRight(b.Value, "Z") {
			s.value++
		} else {
			report("value", a, b)
		}
	}
	for i := range got {
		if !usedGot[i] {
			report("extra", &got[i], nil)
		}
	}
	for j := range d.dates {
		if !usedGold[j] {
			report("missed", nil, &d.dates[j])
		}
	}
	s.predicted += len(got)
	s.gold += len(d.dates)
}

func runes(s string, start, end int) (int, int) {
	a := utf8.RuneCountInString(s[:start])
	return a, a + utf8.RuneCountInString(s[start:end])
}

func parser(t testing.TB) *text.Parser {
	t.Helper()
	p, err := text.NewParser()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestGold measures accuracy. With DATELINE_ERRORS=timebank (a set's name) and -v it lists what
// is wrong in that set.
func TestGold(t *testing.T) {
	dir := corpora(t)
	p := parser(t)
	var rows strings.Builder
	for _, set := range []struct {
		name                   string
		docs                   []goldDoc
		strict, relaxed, value float64 // floors
	}{
		{"wikinews-train", readArticles(t, dir+"/gold/wikinews-train/*.json"), 98.0, 98.7, 94.5},
		{"timebank", readTimexes(t, dir+"/data/dates/timebank.jsonl"), 91.6, 94.7, 84.1},
		{"aquaint", readTimexes(t, dir+"/data/dates/aquaint.jsonl"), 82, 93, 75},
		{"wikinews", readArticles(t, dir+"/gold/wikinews/*.json"), 94.2, 96.8, 92.8},
		{"knu-statement", readArticles(t, dir+"/gold/knu-statement.json"), 100, 100, 100},
	} {
		var s score
		show := os.Getenv("DATELINE_ERRORS") == set.name
		for i := range set.docs {
			d := &set.docs[i]
			doc := p.Parse(d.text, 0)
			got := Find(doc, d.published)
			judge(d, got, &s, func(kind string, g *Date, w *goldDate) {
				if show {
					t.Log(describe(d, kind, g, w))
				}
			})
		}
		t.Logf("%-15s %v", set.name, s)
		fmt.Fprintf(&rows, "| %s | %d | %d | %.1f | %.1f | %.1f |\n", set.name, s.gold, s.predicted, s.f1(s.strict), s.f1(s.relaxed), s.f1(s.value))
		if s.gold == 0 {
			t.Errorf("%s: no gold dates", set.name)
		}
		if s.f1(s.strict) < set.strict || s.f1(s.relaxed) < set.relaxed || s.f1(s.value) < set.value {
			t.Errorf("%s: below its floor of %.1f / %.1f / %.1f", set.name, set.strict, set.relaxed, set.value)
		}
	}
	report["Annotated news"] = `
F1 of raw text in, counted as the shared judge counts: strict is the same span, relaxed an overlap,
value an overlap with the same TIMEX3 value. Developed on timebank and wikinews-train, and by reading what
is found in PolNeAR's training and in CleanCoNLL's development articles, whose dates nobody labelled; of the
other sets only totals, and for aquaint counts by the form of the value, were looked at.

| set | gold | predicted | strict | relaxed | value |
| --- | --- | --- | --- | --- | --- |
` + rows.String() + `
Some of aquaint's 579 labels have forms that no rule gives: parts left open (1999-XX, 1998-08-XX, 199X),
weeks of one digit, lengths for dates.
`
}

func describe(d *goldDoc, kind string, g *Date, w *goldDate) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ERR %s %s %s", kind, d.id, d.published.Format("2006-01-02"))
	start, end := 0, 0
	if g != nil {
		start, end = g.Start, g.End
		fmt.Fprintf(&b, " got %q=%s", g.Text, g.Value)
	}
	if w != nil {
		start, end = w.Start, w.End
		fmt.Fprintf(&b, " want %q=%s", d.text[w.Start:w.End], w.Value)
	}
	from, to := max(0, start-60), min(len(d.text), end+40)
	return b.String() + " | " + strings.ReplaceAll(d.text[from:start]+"[["+d.text[start:end]+"]]"+d.text[end:to], "\n", "¶")
}
