package clean

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// pages is a set of real pages with what they say, which is not ours to ship.
const pages = "../../../shared/data/html"

type goldPage struct {
	ID         string   `json:"id"`
	URL        string   `json:"url"`
	HTML       string   `json:"html"`
	Title      string   `json:"title"`
	Published  string   `json:"publishing_date"`
	Paragraphs []string `json:"paragraphs"`
}

func goldPages(t *testing.T) []goldPage {
	t.Helper()
	f, err := os.Open(filepath.Join(pages, "fundus_en.jsonl"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no pages here:", err)
	}
	defer func() { _ = f.Close() }()
	var all []goldPage
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		var g goldPage
		if err := json.Unmarshal(sc.Bytes(), &g); err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	if len(all) < 50 {
		t.Fatalf("only %d pages", len(all))
	}
	return all
}

func readPage(t *testing.T, g goldPage) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(pages, g.HTML))
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPages scores titles, days and words on the set, and keeps them above floors.
func TestPages(t *testing.T) {
	if testing.Short() {
		t.Skip("a score needs no second run under the race detector")
	}
	gold := goldPages(t)
	var f1, titles, days, dated float64
	for _, g := range gold {
		p, err := Parse(readPage(t, g), "", "")
		if err != nil {
			t.Logf("%-28s %v", g.ID, err)
			continue
		}
		precision, recall, f := wordF1(p.Text, strings.Join(g.Paragraphs, "\n"))
		f1 += f
		line := ""
		if letters(p.Title) == letters(g.Title) {
			titles++
		} else {
			line += fmt.Sprintf(" title %q want %q", p.Title, g.Title)
		}
		if want, ok := goldDay(g.Published); ok {
			dated++
			if got := p.Published.UTC().Format(time.DateOnly); got == want {
				days++
			} else {
				line += fmt.Sprintf(" day %s want %s", got, want)
			}
		}
		t.Logf("%-28s P %.2f R %.2f F %.2f%s", g.ID, precision, recall, f, line)
	}
	n := float64(len(gold))
	for _, floor := range []struct {
		what       string
		got, least float64
	}{
		{"words F1", 100 * f1 / n, 97.0},
		{"titles", 100 * titles / n, 98.0},
		{"days", 100 * days / dated, 97.0},
	} {
		if floor.got < floor.least {
			t.Errorf("%s %.1f, want at least %.1f", floor.what, floor.got, floor.least)
		}
	}
	t.Logf("words F1 %.1f, titles %.1f %%, days %.1f %% of %.0f", 100*f1/n, 100*titles/n, 100*days/dated, dated)
}

func goldDay(s string) (string, bool) {
	t, err := time.Parse("2006-01-02 15:04:05Z07:00", s)
	if err != nil {
		t, err = time.Parse("2006-01-02 15:04:05.999999Z07:00", s)
	}
	return t.UTC().Format(time.DateOnly), err == nil
}

var words = regexp.MustCompile(`[\pL\pN_]+`)

// wordF1 compares the multisets of lower-cased words.
func wordF1(got, want string) (precision, recall, f float64) {
	count := map[string]int{}
	w := words.FindAllString(strings.ToLower(want), -1)
	for _, x := range w {
		count[x]++
	}
	g := words.FindAllString(strings.ToLower(got), -1)
	hit := 0.0
	for _, x := range g {
		if count[x] > 0 {
			count[x]--
			hit++
		}
	}
	if hit == 0 {
		return 0, 0, 0
	}
	precision, recall = hit/float64(len(g)), hit/float64(len(w))
	return precision, recall, 2 * precision * recall / (precision + recall)
}
