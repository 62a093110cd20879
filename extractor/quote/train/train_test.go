package train

import (
	"bytes"
	"math"
	"os"
	"testing"

	"github.com/datelinenews/dateline/extractor/ner"
)

// TestFit learns which of two features makes an option right, and leaves a third alone.
func TestFit(t *testing.T) {
	var choices []choice
	for i := range 200 {
		good, bad := []string{"good", "both"}, []string{"bad", "both"}
		c := choice{options: [][]string{good, bad}, right: []bool{true, false}, weight: 1}
		if i%2 == 1 {
			c = choice{options: [][]string{bad, good}, right: []bool{false, true}, weight: 1}
		}
		choices = append(choices, c)
	}
	how := Fit{Epochs: 10, Rate: 0.1, Penalty: 1, Least: 2}
	w := fit(choices, how)
	if w["good"] < 0.5 || w["bad"] > -0.5 || math.Abs(w["both"]) > 0.2 {
		t.Errorf("weights %v", w)
	}
	for f, v := range fit(choices, how) {
		if w[f] != v {
			t.Errorf("%s: %v, then %v", f, w[f], v)
		}
	}
	if k, p := best(w, choices[1].options); k != 1 || p < 0.8 {
		t.Errorf("option %d with probability %.2f, want 1", k, p)
	}
}

// TestFitIgnores leaves out decisions without a right option and features that are seldom seen.
func TestFitIgnores(t *testing.T) {
	choices := []choice{
		{options: [][]string{{"a"}, {"b"}}, right: []bool{false, false}, weight: 1},
		{options: [][]string{{"seldom"}, nil}, right: []bool{true, false}, weight: 1},
	}
	w := fit(choices, Fit{Epochs: 5, Rate: 0.1, Least: 2})
	if len(w) != 0 {
		t.Errorf("weights %v, want none", w)
	}
}

// TestOpenModel rebuilds the weights that may be redistributed, byte for byte.
func TestOpenModel(t *testing.T) {
	const articles = "../../../../shared/gold/wikinews-train"
	if _, err := os.Stat(articles); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("reads 325 articles")
	}
	own, err := ReadCorpus(1, articles)
	if err != nil {
		t.Fatal(err)
	}
	finder, err := ner.New()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Run(Plan{Own: own, Finder: finder, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../data/open.tsv")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("data/open.tsv is not what its articles give: rebuild it as data/MODEL.md says")
	}
}
