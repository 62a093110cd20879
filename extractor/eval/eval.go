// Package eval scores extraction against annotated articles ("gold"): how many of the names,
// entities, dates and quotes it found are right, and how many it missed.
//
// Gold has the form of the product's own records, less what is not scored, with offsets in Unicode
// code points; see Article. Measures says what is counted.
package eval

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/testdata"
)

// Engine is one way to extract, under the name that tables show.
type Engine struct {
	Name    string
	Extract func(*extractor.Article) *extractor.Analysis
}

// Set is gold that is scored together.
type Set struct {
	Name     string
	Articles []Article
}

// ReadSets reads gold: a set for each .jsonl and .tsv file, and one for each folder's .json files.
// A folder stands for the gold files in it.
func ReadSets(paths ...string) ([]Set, error) {
	var sets []Set
	add := func(name string, articles []Article) {
		if n := len(sets); n > 0 && sets[n-1].Name == name {
			sets[n-1].Articles = append(sets[n-1].Articles, articles...)
			return
		}
		sets = append(sets, Set{name, articles})
	}
	files, err := expand(paths)
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		articles, err := Read(path)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		if filepath.Ext(path) == ".json" {
			name = filepath.Base(filepath.Dir(path))
		}
		add(name, articles)
	}
	return byVariant(sets), nil
}

// expand puts the gold files of folders in their place, by name.
func expand(paths []string) ([]string, error) {
	var out []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("read gold: %w", err)
		}
		if !info.IsDir() {
			out = append(out, path)
			continue
		}
		n := len(out)
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, fmt.Errorf("read gold: %w", err)
		}
		for _, e := range entries {
			if name := e.Name(); slices.Contains([]string{".json", ".jsonl", ".tsv"}, filepath.Ext(name)) && name != "MAPPING.json" {
				out = append(out, filepath.Join(path, name))
			}
		}
		if len(out) == n {
			return nil, fmt.Errorf("read gold %s: %w in this folder", path, ErrNoGold)
		}
	}
	return out, nil
}

// Committed is the gold of this repository's testdata.
func Committed() ([]Set, error) {
	names, err := testdata.Gold.ReadDir("gold")
	if err != nil {
		return nil, fmt.Errorf("read gold: %w", err)
	}
	var sets []Set
	for _, e := range names {
		name, ok := strings.CutSuffix(e.Name(), ".jsonl")
		if !ok {
			continue
		}
		b, err := testdata.Gold.ReadFile("gold/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read gold: %w", err)
		}
		articles, err := ReadLines(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("read gold %s: %w", e.Name(), err)
		}
		sets = append(sets, Set{name, articles})
	}
	if len(sets) == 0 {
		return nil, ErrNoGold
	}
	return byVariant(sets), nil
}

// byVariant splits sets whose articles come in variants, in the order in which they come.
func byVariant(sets []Set) []Set {
	var out []Set
	for _, s := range sets {
		at := map[string]int{}
		for _, a := range s.Articles {
			i, ok := at[a.Variant]
			if !ok {
				i = len(out)
				at[a.Variant] = i
				name := s.Name
				if a.Variant != "" {
					name += "/" + a.Variant
				}
				out = append(out, Set{Name: name})
			}
			out[i].Articles = append(out[i].Articles, a)
		}
	}
	return out
}

// Run scores every engine on every set and prints a table for each set: precision, recall and F1
// in percent, engines side by side.
func Run(w io.Writer, sets []Set, engines []Engine) error {
	for i, set := range sets {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return fmt.Errorf("print scores: %w", err)
			}
		}
		scores := make([]Scores, len(engines))
		for j, e := range engines {
			scores[j] = Score(set.Articles, e.Extract)
		}
		if err := writeTable(w, set, engines, scores); err != nil {
			return fmt.Errorf("print scores: %w", err)
		}
	}
	return nil
}

func writeTable(w io.Writer, set Set, engines []Engine, scores []Scores) error {
	var b strings.Builder
	plural := "s"
	if len(set.Articles) == 1 {
		plural = ""
	}
	title := fmt.Sprintf("%s: %d article%s", set.Name, len(set.Articles), plural)
	fmt.Fprintf(&b, "%-28s", title)
	for _, e := range engines {
		fmt.Fprintf(&b, "  %21s", e.Name)
	}
	fmt.Fprintf(&b, "\n%-20s %7s", "", "gold")
	for range engines {
		fmt.Fprintf(&b, "  %7s%7s%7s", "P", "R", "F1")
	}
	b.WriteByte('\n')
	for _, m := range Measures() {
		gold, any := 0, false
		for _, s := range scores {
			gold = max(gold, s[m].Gold)
			any = any || s[m].Gold > 0 || s[m].Predicted > 0
		}
		if !any {
			continue
		}
		fmt.Fprintf(&b, "%-20s %7d", m, gold)
		for _, s := range scores {
			fmt.Fprintf(&b, "  %7.1f%7.1f%7.1f", s[m].Precision(), s[m].Recall(), s[m].F1())
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}
