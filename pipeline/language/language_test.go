package language

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// Each line of testdata/foreign.tsv is a made piece of news in another language: none is let in, and
// each is named rightly.
func TestForeign(t *testing.T) {
	b, err := os.ReadFile("testdata/foreign.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		tag, text, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			t.Fatalf("line %q", line)
		}
		n++
		if got := Detect(text); got != (Guess{tag, true}) {
			t.Errorf("%s is taken for %+v", tag, got)
		}
		var g Gate
		if got, pass := g.Pass("", text); pass || got != tag {
			t.Errorf("%s is let in, or is %q", tag, got)
		}
		// A page's template may claim what it likes, where the letters say otherwise.
		if got, pass := g.Pass("en-US", text); written(tag) != "Latn" && (pass || got != tag) {
			t.Errorf("%s is let in as %q because it says so", tag, got)
		}
		if got, pass := (&Gate{Languages: []string{"en", tag}}).Pass("", text); !pass || got != tag {
			t.Errorf("%s is kept out as %q though it is one of the languages", tag, got)
		}
		if _, pass := (&Gate{Any: true}).Pass("", text); !pass {
			t.Errorf("%s is kept out though all are let in", tag)
		}
	}
	if n < 40 {
		t.Errorf("only %d languages", n)
	}
}

// English is let in, however many foreign names it has, and so is what is too short to tell.
func TestEnglish(t *testing.T) {
	var g Gate
	for _, text := range []string{
		"", "1.", "Breaking", "Storm hits Lima", "Guten Tag", "El Niño returns", "La Paz, Bolivia", "OK",
		"São Paulo: Lula meets Macron, Scholz and Meloni at the G20",
		"Real Madrid 2 Bayern München 1; Atlético de Madrid 0 Paris Saint-Germain 3; Sporting Clube de Portugal 1 Borussia Dortmund 1",
		"The Instituto Nacional de Estadística e Informática and the Universidad Nacional Mayor de San Marcos said on Monday that El Comercio and La República had reported it.",
		"Ngozi Okonjo-Iweala, Nguyễn Phú Trọng, Recep Tayyip Erdoğan and Szymon Hołownia spoke; Jarosław Kaczyński and Włodzimierz Czarzasty did not.",
		"De la Rúa, van der Bellen, di Maria, de Gaulle, von der Leyen, al-Sisi, bin Salman, le Pen, da Silva, del Toro were all at the dinner that the president gave in the palace.",
		"“Wir schaffen das,” she said in 2015, and repeated it in the Bundestag: “Das ist unsere Pflicht.” The chancellor was in the chamber for an hour, and then left for talks in Brussels.",
		"LONDON MARKETS CLOSE LOWER AS THE POUND FALLS AGAINST THE DOLLAR AND THE EURO ON FEARS OF A RECESSION",
		"He said: «Nous ne sommes pas prêts, et nous ne le serons pas dans les mois qui viennent». The minister was speaking in Paris to a group of reporters after a meeting of the cabinet on the budget.",
		"東京 (Tokyo) – The Bank of Japan (日本銀行) said on Friday that it would keep rates where they are.",
	} {
		if tag, pass := g.Pass("", text); !pass || tag != "" && tag != English {
			t.Errorf("%.60q is kept out as %q (%+v)", text, tag, Detect(text))
		}
	}
}

// Results of a race are names, numbers and next to no function words, however long they are; a long text
// in a language that no list has is foreign all the same.
func TestLongTables(t *testing.T) {
	var g Gate
	results := "Athletics - Results of the Lakeside Meeting\n\n" +
		strings.Repeat("1. Tamsin Okoro (Jamaica) 12.71 seconds\n2. Ilse Brandvold (Norway) 12.85\n3. Mereana Tawhiri (New Zealand) 12.98\n", 40)
	if tag, pass := g.Pass("", results); !pass || tag != "" {
		t.Errorf("results are kept out, or are %q: %+v", tag, Detect(results))
	}
	invented := strings.Repeat("Zorvak nemuli tarendi kosh vilupa, gresh molani duvek tarsim belu. ", 20)
	if tag, pass := g.Pass("", invented); pass || tag != "" {
		t.Errorf("an unknown language is let in, or is %q: %+v", tag, Detect(invented))
	}
}

func TestDeclared(t *testing.T) {
	const german = "Der Stadtrat hat am Dienstag beschlossen, die alte Halle zu schließen, und auf dem Gelände soll nach Angaben der Stadt eine Schule gebaut werden."
	const english = "The council decided on Tuesday to close the old hall, and a school is to be built on the site, according to the town."
	for _, c := range []struct {
		declared, text, tag string
		pass                bool
	}{
		{"en", english, "en", true}, {"en-GB", english, "en-GB", true}, {"EN_us", english, "EN_us", true}, {"eng", english, "eng", true},
		{"English", english, "English", true}, {"", english, "en", true}, {"und", english, "en", true}, {"nonsense!", english, "en", true},
		{"de", english, "de", false}, {"de", german, "de", false}, {"", german, "de", false}, {"nonsense!", german, "de", false},
		{"en", german, "en", true}, // it is said, and the letters don't contradict
		{"fr-CA", "Bonjour", "fr-CA", false}, {"zh", english, "zh", false},
	} {
		if tag, pass := (&Gate{}).Pass(c.declared, c.text); tag != c.tag || pass != c.pass {
			t.Errorf("%q, %.20q: %q, %t, want %q, %t", c.declared, c.text, tag, pass, c.tag, c.pass)
		}
	}
}

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		"en": "en", "en-US": "en", "EN": "en", "en_GB": "en", "eng": "en", "English": "en", " en ": "en", "de-AT": "de",
		"zh-Hant-TW": "zh", "": "", "und": "", "klingonese": "", "x": "", "pt-br": "pt", "no": "no",
	} {
		if got := Canonical(in); got != want {
			t.Errorf("Canonical(%q) is %q, want %q", in, got, want)
		}
	}
}

// No word list has a word twice, and all words are as they are looked up.
func TestLists(t *testing.T) {
	l := load()
	if len(l.tags) < 40 || len(l.tags) > 64 || l.tags[0] != English {
		t.Fatalf("%d lists, the first is %s", len(l.tags), l.tags[0])
	}
	for w := range l.of {
		if w != strings.ToLower(w) || count(w).words != 1 {
			t.Errorf("%q is no single word in lower case", w)
		}
	}
}

// englishData is all English text of the data for development, as articles and in short pieces.
func englishData(t *testing.T) (articles, pieces []string) {
	t.Helper()
	const shared = "../../../shared"
	if _, err := os.Stat(shared); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no data here:", err)
	}
	lines := func(path string, use func([]byte)) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		sc := bufio.NewScanner(f)
		sc.Buffer(nil, 16<<20)
		for sc.Scan() {
			use(sc.Bytes())
		}
	}
	for _, pattern := range []string{"data/news/*.jsonl", "data/quotes/*.jsonl", "data/dates/*.jsonl", "data/html/*.jsonl", "data/coref/gum*.jsonl"} {
		paths, _ := filepath.Glob(filepath.Join(shared, pattern))
		for _, path := range paths {
			lines(path, func(b []byte) {
				var d struct {
					Text       string
					Paragraphs []string
					Sents      [][]string
				}
				_ = json.Unmarshal(b, &d) // forms differ; what has no text is passed over
				for _, s := range d.Sents {
					d.Text += strings.Join(s, " ") + "\n"
				}
				if text := d.Text + strings.Join(d.Paragraphs, "\n"); strings.TrimSpace(text) != "" {
					articles = append(articles, text)
				}
			})
		}
	}
	for _, set := range []string{"gold/wikinews", "gold/wikinews-train"} {
		paths, _ := filepath.Glob(filepath.Join(shared, set, "*.json"))
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var d struct{ Text string }
			if json.Unmarshal(b, &d) == nil && d.Text != "" {
				articles = append(articles, d.Text)
			}
		}
	}
	// Annotated sentences: news, financial filings, tweets. Pieces of some forty tokens.
	paths, _ := filepath.Glob(filepath.Join(shared, "data/ner/*/*.tsv"))
	for _, path := range paths {
		if strings.Contains(path, "meta.tsv") || strings.Contains(path, "nel.tsv") {
			continue
		}
		var piece []string
		lines(path, func(b []byte) {
			token, _, _ := strings.Cut(string(b), "\t")
			if token == "" && len(piece) >= 40 || strings.HasPrefix(token, "-DOCSTART-") {
				pieces = append(pieces, strings.Join(piece, " "))
				piece = nil
			} else if token != "" {
				piece = append(piece, token)
			}
		})
	}
	for _, a := range articles {
		for p := range strings.Lines(a) {
			if strings.TrimSpace(p) != "" {
				pieces = append(pieces, p)
			}
		}
	}
	return articles, pieces
}

// Of real English next to nothing is taken for foreign.
func TestFalseRejections(t *testing.T) {
	articles, pieces := englishData(t)
	for _, set := range []struct {
		name  string
		texts []string
		most  float64 // share kept out
	}{{"articles", articles, 0}, {"pieces", pieces, 0.0005}} {
		out, unsure := 0, 0
		for _, text := range set.texts {
			g := Detect(text)
			if g.Foreign {
				out++
				if out <= 40 {
					t.Logf("%s for English: %.150q", g.Tag, text)
				}
			}
			if g.Tag == "" {
				unsure++
			}
		}
		t.Logf("%s: %d, of which %d are taken for foreign and %d are left open", set.name, len(set.texts), out, unsure)
		if len(set.texts) < 1000 {
			t.Errorf("only %d %s", len(set.texts), set.name)
		}
		if got := float64(out) / float64(len(set.texts)); got > set.most {
			t.Errorf("%.4f of the English %s are taken for foreign, want at most %.4f", got, set.name, set.most)
		}
	}
}

func FuzzDetect(f *testing.F) {
	f.Add("Der Rat hat")
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, s string) {
		g := Detect(s)
		if g.Tag != "" && Canonical(g.Tag) == "" {
			t.Errorf("%q is no tag", g.Tag)
		}
		if g.Tag == English && g.Foreign {
			t.Error("English is foreign")
		}
	})
}

func BenchmarkDetect(b *testing.B) {
	text := strings.Repeat("The council decided on Tuesday to close the old hall, and a school is to be built on the site, according to the town. ", 24)
	b.SetBytes(int64(len(text)))
	b.ReportMetric(float64(utf8.RuneCountInString(text)), "runes")
	for b.Loop() {
		if g := Detect(text); g.Tag != English {
			b.Fatal(fmt.Sprint(g))
		}
	}
}
