package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/prosev2"
	"github.com/datelinenews/dateline/extractor/prosev3"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/extractor/timex"
	"github.com/datelinenews/dateline/pipeline/corrections"
	"github.com/datelinenews/dateline/pipeline/language"
)

// engine extracts as the settings say. The dictionary may change while it works.
type engine struct {
	finder ner.Finder        // without the dictionary
	name   string            // of the finder
	path   string            // of the dictionary; empty: none
	fixes  corrections.Store // nil: none
	order  timex.DateOrder
	quotes *quote.Model // nil: the default
	gate   *language.Gate

	foreign atomic.Int64 // articles that were not let in

	current atomic.Pointer[corrector]
}

// corrector is an extractor that what people have corrected is applied to.
type corrector struct {
	*extractor.Extractor
	set *corrections.Set
}

// Extract analyses an article, and corrects what was found.
func (c *corrector) Extract(a *extractor.Article) *extractor.Analysis {
	return c.set.Analysis(a.ID, c.Extractor.Extract(a))
}

// newEngine loads the engine that the settings name, with the file of corrections where they name one.
func newEngine(ctx context.Context, s *extractionSettings) (*engine, error) {
	if s.Corrections == "" {
		return newCorrectedEngine(ctx, s, nil)
	}
	return newCorrectedEngine(ctx, s, corrections.Open(s.Corrections))
}

// newCorrectedEngine loads the engine that the settings name, with these corrections where there are some.
func newCorrectedEngine(ctx context.Context, s *extractionSettings, fixes corrections.Store) (*engine, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	e := &engine{path: s.Dictionary, fixes: fixes}
	if s.DateOrder == "day-first" {
		e.order = timex.DayFirst
	}
	var err error
	if e.gate, err = s.gate(); err != nil {
		return nil, err
	}
	if e.finder, e.name, err = newFinder(s); err != nil {
		return nil, err
	}
	if slices.Contains(quote.Models(), s.Model) {
		if e.quotes, err = quote.Open(s.Model); err != nil {
			return nil, fmt.Errorf("load engine: %w", err)
		}
	}
	if s.MinScore > 0 {
		e.finder = sure{e.finder, s.MinScore}
		e.name += ">=" + strconv.FormatFloat(s.MinScore, 'g', -1, 64)
	}
	switch {
	case e.gate.Any:
		e.name += "+any language"
	case !slices.Equal(e.gate.Languages, []string{language.English}):
		e.name += "+" + strings.Join(e.gate.Languages, ",")
	}
	if err := e.load(ctx); err != nil {
		return nil, err
	}
	return e, nil
}

func newFinder(s *extractionSettings) (f ner.Finder, name string, err error) {
	switch s.Engine {
	case prosev2.Name:
		f, err = prosev2.New()
	case prosev3.Name:
		f, err = prosev3.New()
	default:
		if s.Model != "" && !slices.Contains(ner.Models(), s.Model) {
			return nil, "", usagef("--model is %q: this program has %s", s.Model, strings.Join(ner.Models(), ", "))
		}
		model, err := ner.Open(s.Model)
		if err != nil {
			return nil, "", fmt.Errorf("load engine: %w", err)
		}
		return model, model.Hash(), nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("load engine: %w", err)
	}
	return f, s.Engine, nil
}

// load makes the extractor anew, with the dictionary and the corrections as they are now.
func (e *engine) load(ctx context.Context) error {
	opts := extractor.Options{Finder: e.finder, FinderName: e.name, DateOrder: e.order, Quotes: e.quotes}
	var words []byte
	if e.path != "" {
		b, err := os.ReadFile(e.path)
		if err != nil {
			return fmt.Errorf("read dictionary: %w", err)
		}
		if _, err := ner.ReadDictionary(bytes.NewReader(b)); err != nil {
			return fmt.Errorf("%s: %w", e.path, err)
		}
		sum := sha256.Sum256(b)
		opts.FinderName += "+" + hex.EncodeToString(sum[:8])
		words = append(b, '\n')
	}
	set, err := e.corrections(ctx, &opts, &words)
	if err != nil {
		return err
	}
	if len(words) > 0 {
		d, err := ner.ReadDictionary(bytes.NewReader(words))
		if err != nil {
			return err
		}
		opts.Finder = ner.NewOverride(e.finder, d)
	}
	x, err := extractor.New(opts)
	if err != nil {
		return err
	}
	e.current.Store(&corrector{x, set})
	return nil
}

// corrections reads what people have corrected, and adds it to the dictionary: before it, for of two
// entries the first counts.
func (e *engine) corrections(ctx context.Context, opts *extractor.Options, dictionary *[]byte) (*corrections.Set, error) {
	list, hash, err := e.corrected(ctx)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	opts.FinderName += "+corrections-" + hash
	set := corrections.NewSet(list)
	*dictionary = append([]byte(set.Dictionary()), *dictionary...)
	return set, nil
}

// corrected reads the corrections, where there may be some, and their hash.
func (e *engine) corrected(ctx context.Context) (list []corrections.Correction, hash string, err error) {
	if e.fixes == nil {
		return nil, "", nil
	}
	if list, err = e.fixes.List(ctx); err != nil {
		return nil, "", err
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, "", fmt.Errorf("encode corrections: %w", err)
	}
	sum := sha256.Sum256(raw)
	return list, hex.EncodeToString(sum[:8]), nil
}

// Extract analyses an article; see extractor.Extractor. It sets the article's language where it does
// not say it, and finds nothing in what is in none of the languages that are let in.
func (e *engine) Extract(a *extractor.Article) *extractor.Analysis {
	x := e.current.Load()
	tag, pass := e.gate.Pass(a.Language, a.Text())
	if tag != "" {
		a.Language = tag
	}
	if !pass {
		e.foreign.Add(1)
		return &extractor.Analysis{
			Version: x.Version(), Entities: []coref.Entity{}, Mentions: []ner.Mention{}, Dates: []timex.Date{}, Quotes: []quote.Quote{},
		}
	}
	return x.Extract(a)
}

// sayForeign says how many articles were not extracted from.
func (e *engine) sayForeign(p *process) {
	n := int(e.foreign.Load())
	if n == 0 {
		return
	}
	_, _ = fmt.Fprintf(p.err, "dateline: %s in other languages, without extraction: see --languages\n", plural(n, "article")) // said, not needed
}

// Version identifies what decides the output now.
func (e *engine) Version() string { return e.current.Load().Version() }

// watchPace is how often the dictionary and the corrections are looked at.
const watchPace = 5 * time.Second

// watch loads the dictionary and the corrections again when they change, until ctx is done. Those that
// can't be read leave the old ones in force.
func (e *engine) watch(ctx context.Context, log *slog.Logger) {
	if e.path == "" && e.fixes == nil {
		return
	}
	seen := e.state(ctx)
	tick := time.NewTicker(watchPace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := e.state(ctx)
		if now == seen || ctx.Err() != nil {
			continue
		}
		seen = now
		if err := e.load(ctx); err != nil {
			log.Error("the dictionary or the corrections can't be read: the old ones stay in force", "error", err)
			continue
		}
		log.Info("the dictionary or the corrections have changed", "version", e.Version())
	}
}

// state tells one state of the dictionary and the corrections from another.
func (e *engine) state(ctx context.Context) string {
	now := ""
	if e.path != "" {
		if info, err := os.Stat(e.path); err == nil {
			now = fmt.Sprint(info.Size(), info.ModTime().UnixNano())
		} else {
			now = err.Error()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, watchPace)
	defer cancel()
	if _, hash, err := e.corrected(ctx); err == nil {
		now += " " + hash
	} else {
		now += " unreadable" // whatever the reason, which may be told in new words each time
	}
	return now
}

// sure leaves out names whose score is under least, before entities and speakers are made of them.
type sure struct {
	ner.Finder
	least float64
}

func (f sure) Find(doc *text.Doc) []ner.Mention {
	found := f.Finder.Find(doc)
	kept := found[:0]
	for _, m := range found {
		if m.Score >= f.least {
			kept = append(kept, m)
		}
	}
	return kept
}
