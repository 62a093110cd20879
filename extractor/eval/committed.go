package eval

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ScoresFile is where the scores on the committed gold are kept, from the repository's root: a
// change of quality is a change of that file.
const ScoresFile = "testdata/scores.txt"

// Update rewrites the scores file at path: every engine on the committed gold.
func Update(path string, engines []Engine) error {
	sets, err := Committed()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("Rewritten by `dateline eval --update`; the tests fail where the first engine's F1 falls.\n\n")
	if err := Run(&b, sets, engines); err != nil {
		return err
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("update scores: %w", err)
	}
	return nil
}

// Fall is a measure whose F1 has fallen.
type Fall struct {
	Set, Measure string
	Was, Is      float64 // F1 in percent
}

// slack is how far an F1 may fall: the file is rounded to a tenth.
const slack = 0.051

// Falls lists the measures in which the engine does worse on the committed gold than the scores
// file at path says. It is an error where the file does not have the engine or one of its measures.
func Falls(path string, e Engine) ([]Fall, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read scores: %w", err)
	}
	was, err := parseTable(string(b), e.Name)
	if err != nil {
		return nil, fmt.Errorf("read scores %s: %w", path, err)
	}
	sets, err := Committed()
	if err != nil {
		return nil, err
	}
	var out []Fall
	for _, set := range sets {
		scores := Score(set.Articles, e.Extract)
		for _, m := range Measures() {
			c := scores[m]
			if c.Gold == 0 && c.Predicted == 0 {
				continue
			}
			old, ok := was[set.Name][m]
			if !ok {
				return nil, fmt.Errorf("read scores %s: it has no %q of %s", path, m, set.Name)
			}
			if c.F1() < old-slack {
				out = append(out, Fall{set.Name, m, old, c.F1()})
			}
		}
	}
	return out, nil
}

var tableTitle = regexp.MustCompile(`^(\S+): \d+ articles?((?:\s+\S+)+)$`)

// parseTable reads the engine's F1 of each measure of each set out of what Run prints.
func parseTable(s, engine string) (map[string]map[string]float64, error) {
	out := map[string]map[string]float64{}
	var set map[string]float64
	column, engines := 0, 0
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\n")
		if m := tableTitle.FindStringSubmatch(line); m != nil {
			names := strings.Fields(m[2])
			column, engines = slices.Index(names, engine), len(names)
			if column < 0 {
				return nil, fmt.Errorf("table %s does not have the engine %s", m[1], engine)
			}
			set = map[string]float64{}
			out[m[1]] = set
			continue
		}
		fields := strings.Fields(line)
		n := len(fields) - 3*engines - 1 // of them are the measure's name
		if set == nil || n < 1 || !slices.Contains(Measures(), strings.Join(fields[:n], " ")) {
			continue
		}
		f1, err := strconv.ParseFloat(fields[n+3*column+3], 64)
		if err != nil {
			return nil, fmt.Errorf("line %q: %w", line, err)
		}
		set[strings.Join(fields[:n], " ")] = f1
	}
	if len(out) == 0 {
		return nil, errors.New("it holds no table")
	}
	return out, nil
}
