package ner

import (
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

func models(t testing.TB) []*Model {
	t.Helper()
	var out []*Model
	for _, name := range Models() {
		m, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func parser(t testing.TB) *text.Parser {
	t.Helper()
	p, err := text.NewParser()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// short writes mentions as "person:Ana Ruiz|place:Lima".
func short(ms []Mention) string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Type.String()+":"+m.Text)
	}
	return strings.Join(out, "|")
}

func TestFind(t *testing.T) {
	p := parser(t)
	for _, c := range []struct{ name, in, want string }{
		{"title, possessive and article stay out", "President Maria Delgado's office said on Monday that the United Nations would send aid to Kenya.",
			"person:Maria Delgado|organisation:United Nations|place:Kenya"},
		{"initials in brackets", "The Northern Farmers' Union (NFU) met in Nairobi. A spokesman for the NFU said talks went on.",
			"organisation:Northern Farmers' Union|organisation:NFU|place:Nairobi|organisation:NFU"},
		{"hyphens", "Jean-Pierre Moreau arrived in Guinea-Bissau with a Paris-based lawyer.",
			"person:Jean-Pierre Moreau|place:Guinea-Bissau|place:Paris"},
		{"nothing", "The rain went on all night and the river rose.", ""},
	} {
		for _, m := range models(t) {
			if got := short(m.Find(p.Parse(c.in, 0))); got != c.want {
				t.Errorf("%s, model %s:\n got %s\nwant %s", c.name, m.Name(), got, c.want)
			}
		}
	}
}

func TestOpen(t *testing.T) {
	if _, err := Open("best"); err == nil || !strings.Contains(err.Error(), "open") {
		t.Errorf("Open of an unknown model: %v, want an error that names the models", err)
	}
	for _, b := range [][]byte{nil, words, open[:len(open)-1]} {
		if _, err := LoadConv("damaged", words, vectors, b); err == nil {
			t.Errorf("LoadConv of %d damaged bytes: no error", len(b))
		}
		if _, err := Load("damaged", words, b); err == nil {
			t.Errorf("Load of %d damaged bytes: no error", len(b))
		}
	}
	if _, err := LoadConv("damaged", words[:100], vectors, open); err == nil {
		t.Error("LoadConv with damaged words: no error")
	}
	if _, err := LoadConv("damaged", words, vectors[:100], open); err == nil {
		t.Error("LoadConv with damaged vectors: no error")
	}
}

// TestJoint: a joint model's scores are the means of its two taggers', without the agreement of uses.
func TestJoint(t *testing.T) {
	p := parser(t)
	doc := p.Parse(sample, 0)
	m, err := LoadJoint("joint", words, vectors, open, openLinear)
	if err != nil {
		t.Fatal(err)
	}
	j := m.tagger.(*joint)
	f := feature.NewDoc(m.tables)
	f.Analyse(doc)
	mean, network := make([]linear.Scores, len(doc.Tokens)), make([]linear.Scores, len(doc.Tokens))
	weights := make([]linear.Scores, len(doc.Tokens))
	j.Scores(doc, f, mean)
	j.conv.Scores(doc, f, network)
	j.crf.add(doc, f, &crfScratch{}, weights)
	for i := range mean {
		for k, x := range mean[i] {
			if x != (network[i][k]+weights[i][k])*0.5 || weights[i] == (linear.Scores{}) {
				t.Fatalf("token %d: %v, want the mean of %v and %v", i, mean[i], network[i], weights[i])
			}
		}
	}
	for a := range linear.Labels {
		for b := range linear.Labels {
			want := linear.Follows(a, b)
			if got := m.transitions[a][b] > linear.Forbidden/2; got != want {
				t.Errorf("tag %d after %d: possible %v", b, a, got)
			}
		}
	}
	if _, err := LoadJoint("damaged", words, vectors, open, openLinear[:100]); err == nil {
		t.Error("LoadJoint with damaged weights: no error")
	}
}

// TestLong: an article of half a MiB, which networks read in blocks, has the names of each part.
func TestLong(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	p := parser(t)
	doc := p.Parse(strings.Repeat(sample, 1<<19/len(sample)), 0)
	for _, m := range models(t) {
		n := 0
		for _, x := range m.Find(doc) {
			if x.In(doc.Text) != x.Text {
				t.Fatalf("model %s: bad span %+v", m.Name(), x)
			}
			if x.Text == "Amina Okonjo-Reyes" && x.Type == Person {
				n++
			}
		}
		if want := strings.Count(doc.Text, "Amina Okonjo-Reyes"); n != want {
			t.Errorf("model %s: found her %d times, want %d", m.Name(), n, want)
		}
	}
}

// TestConcurrent: one model, many goroutines, the same answer.
func TestConcurrent(t *testing.T) {
	p := parser(t)
	for _, m := range models(t) {
		want := short(m.Find(p.Parse(sample, 0)))
		if want == "" {
			t.Fatal("nothing found in the sample")
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 5 {
					if got := short(m.Find(p.Parse(sample, 0))); got != want {
						t.Errorf("model %s: got %s, want %s", m.Name(), got, want)
					}
				}
			})
		}
		wg.Wait()
	}
}

func FuzzFind(f *testing.F) {
	f.Add("The KNU (Karen National Union) said “no” – U.S.-led forces in N'Djamena's suburbs.")
	f.Add(sample)
	f.Add("ALL CAPS HEADLINE ABOUT LONDON\n\nthe president of ghana spoke\n\n(A)(B")
	all := models(f)
	p := parser(f)
	f.Fuzz(func(t *testing.T, src string) {
		doc := p.Parse(src, 0)
		for _, m := range all {
			checkMentions(t, doc, m.Find(doc))
		}
	})
}

func checkMentions(t *testing.T, doc *text.Doc, found []Mention) {
	t.Helper()
	last := 0
	for _, x := range found {
		if x.Start < last || x.End <= x.Start || x.End > len(doc.Text) || x.In(doc.Text) != x.Text {
			t.Fatalf("bad span %+v after %d", x, last)
		}
		if utf8.ValidString(doc.Text) && !utf8.ValidString(x.Text) {
			t.Fatalf("span %+v cuts a rune", x)
		}
		if x.Type < Person || x.Type > Place || !(x.Score >= 0 && x.Score <= 1) || x.Form != Name && x.Form != Acronym {
			t.Fatalf("bad mention %+v", x)
		}
		first, end := doc.TokensIn(x.Span)
		if doc.Tokens[first].Start != x.Start || doc.Tokens[end-1].End != x.End {
			t.Fatalf("%+v does not lie on tokens", x)
		}
		last = x.End
	}
}

// BenchmarkFind reads the same article with each model; with -tags purego in plain Go.
func BenchmarkFind(b *testing.B) {
	doc := parser(b).Parse(strings.Repeat(sample, 4), 0)
	words := len(strings.Fields(doc.Text))
	for _, m := range models(b) {
		b.Run(m.Name(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Find(doc)
			}
			b.ReportMetric(float64(words)*float64(b.N)/b.Elapsed().Seconds(), "words/s")
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, name := range Models() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Open(name); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// sample is invented.
const sample = `Port Levant, 12 March – The Harbour Workers' Federation (HWF) called off its strike on Tuesday after two
days of talks with the Ministry of Transport, its chairwoman Amina Okonjo-Reyes told reporters.

"We have what we came for," Okonjo-Reyes said outside the ministry. The HWF, which speaks for 14,000 dockers in Port
Levant and Saint Aldate, had asked for nine percent. Transport Minister Tomasz Wieczorek offered four.

Analysts at Meridian Capital Partners said the deal would cost Levant Shipping Lines Ltd. about $30m a year. Shares in
the company fell 2.1% in London. A rival union, the National Seafarers' League, called the agreement "a betrayal" and
vowed to fight it in the Supreme Court.

Deputy Prime Minister Nana Adjoa Mensah will fly to Geneva on Friday for a meeting of the Inland Waterways
Commission, a spokesman said. Mr Wieczorek's party, the Democratic Front, lost its majority in January.

`
