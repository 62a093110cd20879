package train

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/ner"
)

// TestScores: the models that are built in are the files that MODEL.md tells of, and score as it says.
func TestScores(t *testing.T) {
	said, err := os.ReadFile("../MODEL.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{} // cells by the first cell; the first row of a name counts
	for line := range strings.Lines(string(said)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if _, ok := rows[cells[0]]; !ok && len(cells) > 1 {
			rows[cells[0]] = cells[1:]
		}
	}
	const hashes, columns = "hash (`ner.Model.Hash`: all files that it is made of)", "set"
	if len(rows[hashes]) == 0 || len(rows[columns]) == 0 {
		t.Fatal("MODEL.md has no table of hashes, or none of scores")
	}
	column := func(header []string, model string) int {
		for i, h := range header {
			if h == model {
				return i
			}
		}
		t.Fatalf("MODEL.md has no column for model %s", model)
		return 0
	}
	for _, name := range ner.Models() {
		m, err := ner.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := rows[hashes][column(rows["model"], name)]; got != "`"+m.Hash()+"`" {
			t.Errorf("the hash of %s is %s, MODEL.md says %s", name, m.Hash(), got)
		}
	}
	const data = "../../../../shared"
	if _, err := os.Stat(data); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no corpora in CI: %v", err)
		}
		t.Skip("no corpora beside the repository")
	}
	if testing.Short() {
		t.Skip("half a minute for all models")
	}
	sets, err := DevelopmentSets(data)
	if err != nil {
		t.Fatal(err)
	}
	gold, err := ReadArticles(filepath.Join(data, "gold/wikinews"))
	if err != nil {
		t.Fatal(err)
	}
	statement, err := ReadArticle(filepath.Join(data, "gold/knu-statement.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, texts := range map[string][]Text{"gold/wikinews": gold, "gold/knu-statement": {statement}} {
		c, err := NewCheck(name, texts)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, c)
	}
	for _, name := range ner.Models() {
		m, err := ner.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range sets {
			got := shortScores(c.Score(m))
			if want := rows[c.Name][column(rows[columns], name)]; !strings.HasPrefix(want, got) {
				t.Errorf("%s on %s: %s, MODEL.md says %s", name, c.Name, got, want)
			}
		}
	}
}

var inFull = regexp.MustCompile(`^F1 (\S+) \(P \S+ R \S+; PER (\S+) ORG (\S+) LOC (\S+)\)$`)

// shortScores are scores as the tables of MODEL.md have them.
func shortScores(s Scores) string { return inFull.ReplaceAllString(s.String(), "$1 ($2 / $3 / $4)") }
