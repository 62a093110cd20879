package copies

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
)

// story is a text of the made set; those of one group are copies of each other.
type story struct {
	group int
	how   string
	text  string
}

// The words that publishers put around a text, and that are no story.
const (
	footer = "\n\nThis article was first published on our website. Sign up for our daily newsletter to get the most important stories delivered to your inbox every morning. Follow us on social media for the latest news, and download our app for alerts. All rights reserved; no part of this text may be used again without permission. Contact the newsroom with corrections or tips at any time of the day."
	header = "Read time: 3 minutes. Listen to this article. Share on social media. By our correspondent, with agency material. Updated this morning.\n\n"
)

// variants are copies of a text as publishers make them.
func variants(r *rand.Rand, text string) map[string]string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	part := func(share float64) string {
		n := max(1, int(float64(len(paragraphs))*share+0.5))
		return strings.Join(paragraphs[:n], "\n\n")
	}
	edited := func(share float64) string {
		words := strings.Split(text, " ")
		for i := range words {
			if r.Float64() < share {
				switch r.IntN(3) {
				case 0:
					words[i] = "meanwhile"
				case 1:
					words[i] += " also"
				default:
					words[i] = ""
				}
			}
		}
		return strings.Join(words, " ")
	}
	dropped := slices.Clone(paragraphs)
	if len(dropped) > 3 {
		i := 1 + r.IntN(len(dropped)-2)
		dropped = slices.Delete(dropped, i, i+1)
	}
	mixed := strings.Split(edited(0.03), "\n\n")
	return map[string]string{
		"as it was":                text,
		"upper case":               strings.ToUpper(text),
		"2 % edited":               edited(0.02),
		"5 % edited":               edited(0.05),
		"8 % edited":               edited(0.08),
		"a paragraph dropped":      strings.Join(dropped, "\n\n"),
		"cut to 70 %":              part(0.7),
		"cut to 50 %":              part(0.5),
		"boilerplate":              header + text + footer,
		"cut, boilerplate":         header + part(0.7) + footer,
		"edited, cut, boilerplate": header + strings.Join(mixed[:max(1, len(mixed)*3/4)], "\n\n") + footer,
	}
}

// sameEvent are groups of different stories of one event, by different writers, of whom some quote the
// same words: no copies.
var sameEvent = [][]string{
	{
		"The old bridge over the Varde at Lowmere was closed on Monday after inspectors found cracks in two of its piers, the county's road authority said. Traffic is being sent over the new bridge at Fordham, eleven kilometres to the north. “We could not take the risk another day,” said Ines Prado, the authority's chief engineer, who expects the repair to take until the spring. The bridge, which was opened in 1931, carries some nine thousand vehicles a day.",
		"Shopkeepers in Lowmere say they fear for their living now that the bridge which brings them half of their customers is shut. “We could not take the risk another day,” the authority's chief engineer, Ines Prado, told a crowded meeting in the school hall. That did not calm Tom Hale, who has sold bread on the eastern bank for thirty years. He reckons that his takings fell by two thirds on the first morning, and wants the county to pay for a ferry.",
		"LOWMERE – Why did nobody see the cracks sooner? That is the question councillors of all parties were asking on Tuesday, a day after the Varde bridge was closed without notice. An inspection in 2022 had rated the piers as sound. The opposition wants an inquiry; the mayor, Ruth Okoro, said that she would rather see divers than lawyers. The county has promised to publish the reports of the last ten years by Friday.",
	},
	{
		"Northern Grain, the country's second largest miller, said on Thursday that it would buy its rival Delta Flour for 310 million crowns in cash. The two together would grind a third of the country's wheat. Shares in Delta rose by 18 percent in early trading. “This is a marriage of neighbours,” said Northern's chief executive, Sam Lee. The competition office has until June to object.",
		"Bakers have called on the competition office to stop the sale of Delta Flour to Northern Grain, which they say would leave them with one supplier in five of the nine provinces. “This is a marriage of neighbours,” Northern's chief executive, Sam Lee, had said on Thursday of the deal for 310 million crowns. The bakers' guild answered that neighbours do not as a rule share a bank account.",
		"Workers at the Delta Flour mill in High Ford learnt from the radio on Thursday that they were to have a new owner. Their union, which speaks for 640 people at four mills, has asked for a meeting with both companies before the week is out. It recalls that Northern Grain closed two mills within a year of its last purchase, in 2019, and moved their work to the coast.",
	},
	{
		"A storm that came in from the sea on Saturday night tore roofs from some two hundred houses on the island of Sund and left all of it without power. No one was killed. The coastguard brought 31 people, most of them old, to the mainland. Winds of 164 kilometres an hour were measured at the lighthouse before the instrument failed, the weather office said.",
		"Electricity will be back on all of Sund by Wednesday, the island's power company said on Monday, two days after the worst storm there in forty years. Winds of 164 kilometres an hour were measured at the lighthouse before the instrument failed. Crews from three other companies have come over with their lorries. Schools stay closed, and the ferry runs twice a day for those who have nowhere to sleep.",
	},
}

func articles(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/articles/*.json*")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d articles, %v", len(paths), err)
	}
	var out []string
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(strings.NewReader(string(b)))
		for dec.More() {
			var a struct{ Text string }
			if err := dec.Decode(&a); err != nil {
				t.Fatal(err)
			}
			if len(strings.Fields(a.Text)) > 80 {
				out = append(out, a.Text)
			}
		}
	}
	return out
}

// news are real articles, all different, where they are there.
func news(t *testing.T) []string {
	t.Helper()
	f, err := os.Open("../../../shared/data/news/wikinews_2019_2020.jsonl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		return nil
	}
	defer f.Close()
	var out []string
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		var a struct{ Text string }
		if err := json.Unmarshal(sc.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		if len(strings.Fields(a.Text)) > 80 {
			out = append(out, a.Text)
		}
	}
	if len(out) < 100 {
		t.Fatalf("only %d articles", len(out))
	}
	return out
}

// Precision and recall over all pairs of a made set: copies made of invented articles, and of real ones
// where there are any; different stories of one event; and all with the same words around them.
func TestPrecisionAndRecall(t *testing.T) {
	for _, set := range []struct {
		name  string
		texts []string
	}{{"invented", articles(t)}, {"real", news(t)}} {
		if len(set.texts) == 0 {
			continue
		}
		t.Run(set.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 1)) // the same every time
			var stories []story
			for i, text := range set.texts {
				for how, v := range variants(r, text) {
					stories = append(stories, story{i, how, v})
				}
			}
			group := len(set.texts)
			for _, event := range sameEvent {
				for _, text := range event {
					stories = append(stories, story{group, "same event", text}, story{group, "same event, boilerplate", header + text + footer})
					group++
				}
			}
			measure(t, stories)
		})
	}
}

func measure(t *testing.T, stories []story) {
	prints := make([]Print, len(stories))
	terms := map[string][]int{}
	for i, s := range stories {
		prints[i] = Of(s.text)
		for _, b := range prints[i].Bands() {
			terms[b] = append(terms[b], i)
		}
	}
	candidates := map[[2]int]bool{}
	for _, with := range terms {
		for n, j := range with {
			for _, i := range with[:n] {
				candidates[[2]int{i, j}] = true
			}
		}
	}
	found, missed, wrong := 0, 0, 0
	known, unknown := 0, 0 // copies compared with the text as it was
	missedBy := map[string]int{}
	for i := range stories {
		for j := range i {
			is := candidates[[2]int{j, i}] && prints[i].Copy(&prints[j])
			same := stories[i].group == stories[j].group
			if same && (stories[i].how == "as it was" || stories[j].how == "as it was") {
				if is {
					known++
				} else {
					unknown++
				}
			}
			switch {
			case same && is:
				found++
			case same:
				missed++
				missedBy[min(stories[i].how, stories[j].how)+" / "+max(stories[i].how, stories[j].how)]++
			case is:
				wrong++
				if wrong <= 5 {
					t.Logf("taken for copies: similarity %.2f, contained %.2f\n%.300s\n---\n%.300s", prints[i].Similarity(&prints[j]), prints[i].Contained(&prints[j]), stories[i].text, stories[j].text)
				}
			}
		}
	}
	precision, recall := float64(found)/float64(found+wrong), float64(found)/float64(found+missed)
	original := float64(known) / float64(known+unknown)
	t.Logf("%d texts, %d pairs of copies: precision %.4f, recall %.4f; of copies against the text as it was, recall %.4f",
		len(stories), found+missed, precision, recall, original)
	for how, n := range missedBy {
		if n*20 > missed {
			t.Logf("  missed: %4d of %s", n, how)
		}
	}
	if precision < 0.985 || recall < 0.85 || original < 0.93 {
		t.Errorf("precision %.4f, recall %.4f and %.4f, want at least 0.985, 0.85 and 0.93", precision, recall, original)
	}
}

func TestPrint(t *testing.T) {
	text := strings.Join(sameEvent[0], "\n\n")
	p := Of(text)
	b, err := p.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var q Print
	if err := q.UnmarshalText(b); err != nil || q.Similarity(&p) != 1 || q.Contained(&p) != 1 || !q.Copy(&p) {
		t.Errorf("%v: read back it is another: %v", err, q.Similarity(&p))
	}
	if short := Of("Market report: see inside."); !short.None() || short.Copy(&short) || len(short.Bands()) != 0 {
		t.Error("a short text has a fingerprint")
	}
	if len(p.Bands()) != bands || slices.Compact(slices.Sorted(slices.Values(p.Bands())))[0] == "" {
		t.Errorf("bands %q", p.Bands())
	}
	if err := q.UnmarshalText([]byte("!")); err == nil {
		t.Error("nonsense is read")
	}
	if err := q.UnmarshalText(nil); err != nil || !q.None() {
		t.Error("nothing is not none")
	}
	// What is stored must be found by the next version, too.
	if got := p.Bands()[0] + " " + string(b[:24]); got != golden {
		t.Errorf("the fingerprint is %q, was %q: indices that exist can't be searched for copies any more", got, golden)
	}
}

const golden = "ACPLl_5T AAAA4CCT7oAVKr7CAWUUVbyG"

func member(id string, day int, text string) Member {
	r := pipeline.Record{ID: id, Title: "T " + id, Text: "T " + id + "\n\n" + text}
	if day > 0 {
		r.Published = time.Date(2025, 1, day, 9, 0, 0, 0, time.UTC)
	}
	return NewMember(&r)
}

func TestJoin(t *testing.T) {
	text, other := strings.Join(sameEvent[0], "\n\n"), strings.Join(sameEvent[1], "\n\n")
	firsts := func(ms ...Member) []Member { return ms }
	join := func(m Member, firsts []Member) string {
		rg := m.Join(firsts)
		s := fmt.Sprint(m.Cluster, " ", m.First, " ")
		for _, d := range rg.Demoted {
			s += "demotes " + d.ID + " "
		}
		return s + strings.Join(rg.Left, " ")
	}
	first := func(id, cluster string, day int, text string) Member {
		m := member(id, day, text)
		m.Cluster, m.First = cluster, true
		return m
	}
	for _, c := range []struct {
		name   string
		m      Member
		firsts []Member
		want   string
	}{
		{"alone", member("a", 5, text), nil, "a true "},
		{"another story", member("a", 5, text), firsts(first("b", "b", 5, other)), "a true "},
		{"a copy", member("b", 6, text+footer), firsts(first("x", "x", 5, other), first("a", "a", 5, text)), "a false "},
		{"earlier than the first", member("b", 4, text), firsts(first("a", "a", 5, text)), "a true demotes a "},
		{"at the same time, by ID", member("b", 5, text), firsts(first("a", "a", 5, text)), "a false "},
		{"at the same time, by ID, before", member("0", 5, text), firsts(first("a", "a", 5, text)), "a true demotes a "},
		{"itself again", member("a", 5, text), firsts(first("a", "z", 5, text)), "z true "},
		{"months later", member("b", 30, text), firsts(first("a", "a", 5, text)), "b true "},
		{"without a time", member("b", 0, text), firsts(first("a", "a", 5, text)), "a false "},
		{"the earliest of two", member("c", 6, text), firsts(first("b", "b", 5, text), first("a", "a", 4, text+footer)), "a false "},
		{"earlier than two", member("c", 3, text), firsts(first("b", "b", 5, text), first("a", "a", 4, text+footer)), "a true demotes a demotes b b"},
		{"two firsts find each other", member("b", 6, text), firsts(first("a", "a", 5, text), first("b", "b", 6, text)), "a false b"},
		{"two firsts, the earlier one", member("a", 5, text), firsts(first("a", "a", 5, text), first("b", "b", 6, text)), "b true demotes b a"},
		{"too short to tell", member("b", 6, "Nothing."), firsts(first("a", "a", 5, "Nothing.")), "b true "},
	} {
		if got := join(c.m, c.firsts); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzPrint(f *testing.F) {
	f.Add(footer, header)
	f.Fuzz(func(t *testing.T, a, b string) {
		p, q := Of(a), Of(b)
		if s := p.Similarity(&q); s < 0 || s > 1 || s != q.Similarity(&p) || p.Copy(&q) != q.Copy(&p) {
			t.Errorf("similarity %v and %v", s, q.Similarity(&p))
		}
		if !p.None() && !p.Copy(&p) {
			t.Error("a text is no copy of itself")
		}
	})
}

func BenchmarkOf(b *testing.B) {
	text := strings.Repeat(strings.Join(sameEvent[0], " ")+" "+strings.Join(sameEvent[1], " "), 1)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Of(text)
	}
}
