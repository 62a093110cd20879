package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/extractor/timex"
)

const shared = "../../../shared"

// judge is the folder of the independent scorer; the test is skipped where that is missing.
func judge(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(shared, "score")
	if _, err := os.Stat(filepath.Join(dir, "score.py")); err != nil {
		absent(t, "no %s/score.py to compare with", dir)
	}
	if _, err := exec.LookPath("python3"); err != nil {
		absent(t, "no python3 to run the independent scorer")
	}
	return dir
}

// absent skips the test, or fails it on CI, which must have everything.
func absent(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func python(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("python3", args...)
	out, err := cmd.Output()
	if err != nil {
		var x *exec.ExitError
		if errors.As(err, &x) {
			t.Fatalf("python3 %s: %v\n%s", strings.Join(args, " "), err, x.Stderr)
		}
		t.Fatal(err)
	}
	return string(out)
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		absent(t, "no %s", pattern)
	}
	return files
}

// TestJudge scores the same wrong-in-every-way analyses here and with the independent scorer: every
// printed figure must be equal.
func TestJudge(t *testing.T) {
	dir := judge(t)
	train := glob(t, shared+"/gold/wikinews-train/*.json")
	worldwide := shared + "/data/ner/worldwide/dev.tsv"
	if _, err := os.Stat(worldwide); err != nil {
		worldwide = glob(t, shared+"/data/ner/*/*dev*.tsv")[0]
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"wikinews", append([]string{"wikinews"}, train[:120]...)},
		{"columns", []string{"tsv", worldwide}},
		{"quotes", append([]string{"quotes"}, glob(t, shared+"/data/quotes/*dev*.jsonl")[0])},
		{"dates", []string{"dates", shared + "/data/dates/gum_news.jsonl"}},
		{"committed", nil},
		{"debatable", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			tmp := t.TempDir()
			goldPath, predPath := filepath.Join(tmp, "gold.jsonl"), filepath.Join(tmp, "pred.jsonl")
			switch {
			case c.name == "debatable":
				write(t, goldPath, debatable())
			case c.args == nil:
				goldPath = "../../testdata/gold/news.jsonl"
			default:
				write(t, goldPath, python(t, append([]string{filepath.Join(dir, "gold.py")}, c.args...)...))
			}
			gold, err := Read(goldPath)
			if err != nil {
				t.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(1, uint64(len(gold))))
			analyses := map[string]*extractor.Analysis{}
			var pred strings.Builder
			for i := range gold {
				a := distort(&gold[i], rng)
				analyses[gold[i].ID] = a
				pred.Write(record(t, &gold[i], a))
				pred.WriteByte('\n')
			}
			write(t, predPath, pred.String())
			want := python(t, filepath.Join(dir, "score.py"), goldPath, predPath)
			var got strings.Builder
			s := Score(gold, func(a *extractor.Article) *extractor.Analysis { return analyses[a.ID] })
			if err := s.WriteLines(&got); err != nil {
				t.Fatal(err)
			}
			if got.String() != want {
				t.Errorf("ours:\n%s\nthe judge's:\n%s", got.String(), want)
			}
			if strings.Count(want, "\n") < 3 {
				t.Errorf("the judge printed only %q", want)
			}
		})
	}
}

// TestReaders compares our readers with the independent ones, article for article.
func TestReaders(t *testing.T) {
	dir := judge(t)
	files := glob(t, shared+"/data/ner/*/*.tsv")
	if len(files) < 5 {
		t.Errorf("only %d column files", len(files))
	}
	var columns []string
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(f)
		if base == "meta.tsv" || base == "dev.nel.tsv" || info.Size() > 3<<20 || testing.Short() && info.Size() > 300<<10 {
			continue
		}
		columns = append(columns, f)
	}
	for _, f := range columns {
		t.Run(filepath.Base(filepath.Dir(f))+"/"+filepath.Base(f), func(t *testing.T) {
			compare(t, f, python(t, filepath.Join(dir, "gold.py"), "tsv", f))
		})
	}
	articles := append(glob(t, shared+"/gold/wikinews-train/*.json"), shared+"/gold/knu-statement.json")
	lines := strings.SplitAfter(python(t, append([]string{filepath.Join(dir, "gold.py"), "wikinews"}, articles...)...), "\n")
	for i, f := range articles {
		compare(t, f, lines[i])
	}
}

// debatable is gold in which every other entity is optional.
func debatable() string {
	var b strings.Builder
	for i := range 60 {
		var mentions []string
		for j := range 6 {
			mentions = append(mentions, fmt.Sprintf(`{"start":%d,"end":%d,"type":"organisation","entity":"e%d","optional":%v}`, 5*j, 5*j+4, j%2, j%2 == 0))
		}
		fmt.Fprintf(&b, `{"id":"d%d","text":"Acme Beta Acme Beta Acme Beta said.","mentions":[%s],"entities":[{"id":"e0","type":"organisation","name":"Acme"},{"id":"e1","type":"organisation","name":"Beta"}]}`+"\n", i, strings.Join(mentions, ","))
	}
	return b.String()
}

func compare(t *testing.T, path, lines string) {
	t.Helper()
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ReadLines(strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d articles, want %d", len(got), len(want))
	}
	for i := range want {
		g, err := json.Marshal(got[i])
		if err != nil {
			t.Fatal(err)
		}
		w, err := json.Marshal(want[i])
		if err != nil {
			t.Fatal(err)
		}
		if string(g) != string(w) {
			t.Fatalf("article %d:\n got %.600s\nwant %.600s", i, g, w)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// distort makes an analysis out of the gold that is wrong in many ways: spans shifted, widened,
// dropped and added, types and values changed, entities split, merged and renamed, speakers lost
// and exchanged.
func distort(g *Article, rng *rand.Rand) *extractor.Analysis {
	src := []rune(g.Text)
	at := make([]int, len(src)+1) // code points to bytes
	for i, r := range src {
		at[i+1] = at[i] + len(string(r))
	}
	span := func(s Span) text.Span {
		n := rng.IntN(10)
		if n == 0 {
			s.Start = max(0, s.Start-4)
		}
		if n == 1 {
			s.End = min(len(src), s.End+2)
		}
		if n == 2 {
			s.Start = min(s.Start+3, s.End-1)
		}
		return text.Span{Start: at[s.Start], End: at[s.End]}
	}
	chance := func(percent int) bool { return rng.IntN(100) < percent }
	a := &extractor.Analysis{Entities: []coref.Entity{}, Mentions: []ner.Mention{}, Dates: []timex.Date{}, Quotes: []quote.Quote{}}
	ids := map[string]int{}
	for _, m := range g.Mentions {
		if chance(15) {
			continue
		}
		key := m.Entity
		if chance(10) {
			key += "'" // a second entity for the same thing
		}
		if chance(5) || len(g.Mentions) == 6 && chance(30) {
			key = "all" // one entity for different things
		}
		typ := m.Type
		if chance(10) {
			typ = ner.Types()[rng.IntN(3)]
		}
		id, ok := ids[key]
		if !ok {
			id = len(a.Entities)
			ids[key] = id
			name := string(src[m.Start:m.End])
			for _, e := range g.Entities {
				if e.ID == m.Entity && chance(70) {
					name = "The " + strings.ToUpper(strings.ReplaceAll(e.Name, "'", "’"))
				}
			}
			a.Entities = append(a.Entities, coref.Entity{ID: id, Type: typ, Name: name})
		}
		form := []ner.Form{ner.Name, ner.Name, ner.Name, ner.Acronym, ner.Pronoun, ner.Nominal}[rng.IntN(6)]
		for range 1 + rng.IntN(8)/7 { // some twice
			a.Mentions = append(a.Mentions, ner.Mention{Span: span(m.Span), Type: typ, Entity: id, Form: form})
		}
	}
	for _, d := range g.Dates {
		if chance(15) {
			continue
		}
		v := d.Value
		if chance(10) {
			v += "Z"
		}
		if chance(10) {
			v = "2001"
		}
		a.Dates = append(a.Dates, timex.Date{Span: span(d.Span), Type: timex.TypeDate, Value: v})
		if chance(5) {
			a.Dates = append(a.Dates, a.Dates[len(a.Dates)-1])
		}
	}
	for _, q := range g.Quotes {
		if chance(10) {
			continue
		}
		x := quote.Quote{Span: span(q.Span), Kind: quote.Kind(q.Kind)}
		if chance(10) {
			x.Kind = []quote.Kind{quote.Direct, quote.Mixed, quote.Indirect}[rng.IntN(3)]
		}
		if chance(20) && x.Len() > 40 {
			x.Start = at[q.Start+(q.End-q.Start)/5]
		}
		if chance(80) {
			x.Speaker = &quote.Speaker{}
			if id, ok := ids[q.Speaker]; ok && chance(70) {
				x.Speaker.Entity = &id
			} else if len(a.Entities) > 0 && chance(50) {
				n := rng.IntN(len(a.Entities))
				x.Speaker.Entity = &n
			}
			if len(q.SpeakerSpans) > 0 && chance(70) {
				s := q.SpeakerSpans[0]
				x.Speaker.Expression = &quote.Expression{Span: span(Span{s[0], s[1]})}
			} else if chance(40) {
				n := rng.IntN(len(src) - 1)
				x.Speaker.Expression = &quote.Expression{Span: text.Span{Start: at[n], End: at[min(len(src), n+1+rng.IntN(250))]}}
			}
		}
		a.Quotes = append(a.Quotes, x)
	}
	return a
}

// record is the analysis as `dateline extract --format jsonl --offsets codepoints` prints it.
func record(t *testing.T, g *Article, a *extractor.Analysis) []byte {
	t.Helper()
	points := map[int]int{}
	n := 0
	for i := range g.Text {
		points[i] = n
		n++
	}
	points[len(g.Text)] = n
	var r struct {
		ID   string `json:"id"`
		Text string `json:"text"`
		extractor.Analysis
	}
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r.Analysis); err != nil { // a deep copy
		t.Fatal(err)
	}
	r.ID, r.Text = g.ID, g.Text
	shift := func(s *text.Span) { *s = text.Span{Start: points[s.Start], End: points[s.End]} }
	for i := range r.Mentions {
		shift(&r.Mentions[i].Span)
	}
	for i := range r.Dates {
		shift(&r.Dates[i].Span)
	}
	for i := range r.Quotes {
		shift(&r.Quotes[i].Span)
		if s := r.Quotes[i].Speaker; s != nil && s.Expression != nil {
			shift(&s.Span)
		}
	}
	if b, err = json.Marshal(&r); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCodePoints(t *testing.T) {
	const s = "aé🏮b"
	at := codePoints(s)
	for i, want := range map[int]int{0: 0, 1: 1, 3: 2, 7: 3, 8: 4} {
		if got := at(i); got != want {
			t.Errorf("byte %d is code point %d, want %d", i, got, want)
		}
	}
	for i := range 9 {
		if codePoints("plain ab")(i) != i {
			t.Error("ASCII: offsets differ at " + strconv.Itoa(i))
		}
	}
}
