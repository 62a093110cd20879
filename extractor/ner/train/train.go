package train

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
	"github.com/datelinenews/dateline/extractor/text"
)

// Plan is what to train and on what.
type Plan struct {
	// Model is "news" or "open".
	Model string
	// Data is the folder that holds data/ner and gold/wikinews-train.
	Data string
	// Keep is how many features the model may have.
	Keep int
	// Least is how often a feature must be seen.
	Least uint32
	// Sport is how many pages of invented sport results are learnt from.
	Sport int
	// Long says that our annotation of long Wikinews articles is learnt from as well.
	Long bool
	// Fold, above 0, holds out every Fold-th article of wikinews-train for checking.
	Fold int
	// Teacher, where not nil, labels texts without annotation, which are then learnt from as well.
	Teacher ner.Finder
	Settings
	Log func(format string, args ...any)
}

// corpora of the models. wide: only for news. Weights below 1 go to text that is unlike news or
// annotated by a looser rule.
var corpora = []struct {
	name    string
	files   []string
	wide    bool
	weight  float32
	recased float64
	apart   bool
}{
	{"worldwide", []string{"worldwide/train.tsv"}, true, 1, 0.5, false},
	{"uner_ewt", []string{"uner_ewt/train.tsv"}, false, 1, 0.3, true},
	{"wikigold", []string{"wikigold/all.tsv"}, false, 1, 0.5, true},
	{"crossner_politics", []string{"crossner_politics/train.tsv"}, false, 1, 0, true},
	{"gum", []string{"gum/news.tsv", "gum/interview.tsv", "gum/other_ccby.tsv"}, false, 0.5, 0, true},
	{"re3d", []string{"re3d/Australian_Department_of_Foreign_Affairs.tsv", "re3d/CENTCOM.tsv", "re3d/Delegation_of_the_European_Union_to_Syria.tsv",
		"re3d/UK_Government.tsv", "re3d/US_State_Department.tsv", "re3d/Wikipedia.tsv"}, false, 0.5, 0, true},
	{"wnut17", []string{"wnut17/train.tsv"}, false, 0.5, 0, true},
	{"btc", []string{"btc/g.tsv"}, false, 0.5, 0, true},
	{"sec_filings", []string{"sec_filings/train_FIN5.tsv"}, false, 0.5, 0, true},
}

// Result of a training run.
type Result struct {
	Model   []byte
	HeldOut []Text // the articles that Fold held out
	Names   map[string]*Mapped
}

// Run trains a model.
func Run(p Plan, tables []byte) (*Result, error) {
	start := time.Now()
	log := func(format string, args ...any) {
		p.Log("%5.1fs "+format, append([]any{time.Since(start).Seconds()}, args...)...)
	}
	t, err := feature.Load(tables)
	if err != nil {
		return nil, err
	}
	parser, err := text.NewParser()
	if err != nil {
		return nil, err
	}
	all, gold, err := readCorpora(p.Model, p.Data, p.Sport, p.Long, p.Seed)
	if err != nil {
		return nil, err
	}
	res := &Result{Names: map[string]*Mapped{}}
	if p.Fold > 0 {
		var in []Text
		for i, a := range gold {
			if i%p.Fold == p.Fold-1 {
				res.HeldOut = append(res.HeldOut, a)
			} else {
				in = append(in, a)
			}
		}
		gold = in
	}
	all = append(all[:len(all):len(all)], &corpus{name: goldName, texts: gold, weight: goldWeight, recased: 1})
	if p.Teacher != nil {
		raw, err := readRaw(p.Model, p.Data, p.Long)
		if err != nil {
			return nil, err
		}
		for _, c := range raw {
			all = append(all, label(c, p.Teacher, parser))
		}
	}
	rng := rand.New(rand.NewPCG(p.Seed, 3))
	var vs []variant
	for _, c := range all {
		vs = append(vs, variants(c, rng)...)
	}
	ex, keys, counts := newCollector(t, parser).examples(vs, p.Least, res.Names)
	tokens, ids := 0, 0
	for i := range ex {
		tokens += len(ex[i].tags)
		ids += len(ex[i].ids)
	}
	log("%d sentences, %d tokens, %d features, %.1f a token", len(ex), tokens, len(keys), float64(ids)/float64(tokens))
	c := newCRF(len(keys))
	c.fit(ex, p.Settings, func(epoch int, loss float64) {
		log("epoch %d: loss %.4f a token", epoch+1, loss/float64(tokens))
	})
	features, rows := strongest(c, keys, counts, p.Keep)
	var kept int
	for i := range rows {
		if rows[i] != [linear.Labels]float32{} {
			kept++
		}
	}
	dev, err := DevelopmentSets(p.Data)
	if err != nil {
		return nil, err
	}
	if res.Model, err = Calibrate(Files{Words: tables, Model: linear.Build(features, rows, &c.tw)}, dev); err != nil {
		return nil, err
	}
	log("%d features kept", kept)
	return res, nil
}

// goldName and goldWeight are those of our own annotation.
const (
	goldName   = "wikinews-train"
	goldWeight = 1.5
)

// readCorpora reads what a model learns from: the corpora, with sport pages of invented results if
// sport is above 0 and our annotation of long articles, and apart from them our other annotation.
func readCorpora(model, data string, sport int, long bool, seed uint64) (all []*corpus, gold []Text, err error) {
	for i, c := range corpora {
		if c.wide && model != "news" {
			continue
		}
		out := &corpus{name: c.name, weight: c.weight, recased: c.recased}
		if c.apart {
			out.apart = uint64(i + 1)
		}
		for _, f := range c.files {
			texts, err := ReadColumns(filepath.Join(data, "data/ner", f))
			if err != nil {
				return nil, nil, err
			}
			out.texts = append(out.texts, texts...)
		}
		all = append(all, out)
	}
	if gold, err = ReadArticles(filepath.Join(data, "gold", goldName)); err != nil {
		return nil, nil, err
	}
	if sport > 0 {
		pages, err := sportPages(filepath.Join(data, "data/gazetteers"), sport, seed)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, &corpus{name: "sport pages", texts: pages, weight: 0.5})
	}
	if long {
		more, err := readMore(filepath.Join(data, "data/news"))
		if err != nil {
			return nil, nil, err
		}
		all = append(all, &corpus{name: "wikinews, long", texts: more, weight: 0.7, recased: 0.5})
	}
	return all, gold, nil
}

// label makes a corpus of texts without annotation one with the names that a teacher finds in them; of many
// texts every third will do.
func label(raw *corpus, teacher ner.Finder, parser *text.Parser) *corpus {
	out := &corpus{name: raw.name, weight: 0.5}
	for i, t := range raw.texts {
		if len(raw.texts) > 500 && i%3 != 0 {
			continue
		}
		for _, m := range teacher.Find(parser.Parse(t.Text, 0)) {
			t.Names = append(t.Names, Name{Span: m.Span, Type: m.Type})
		}
		out.texts = append(out.texts, t)
	}
	return out
}

// strongest are the features whose weights decide most.
func strongest(c *crf, keys []uint64, counts []uint32, n int) ([]uint64, [][linear.Labels]float32) {
	var order []int
	worth := make([]float32, len(keys))
	for i := range keys {
		if counts[i]&apart != 0 {
			continue
		}
		order = append(order, i)
		for _, x := range c.w[i] {
			worth[i] += x * x
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(worth[b], worth[a]), cmp.Compare(keys[a], keys[b]))
	})
	order = order[:min(n, len(order))]
	features := make([]uint64, len(order))
	rows := make([][linear.Labels]float32, len(order))
	for j, i := range order {
		features[j], rows[j] = keys[i], c.w[i]
	}
	return features, rows
}

// developmentFiles are the development sets in data/ner.
var developmentFiles = []string{"worldwide/dev", "cleanconll_dev/dev"}

// DevelopmentSets are the sets that no model learns from, and that choices and the calibration of
// scores rest on. data is the folder that holds data/ner.
func DevelopmentSets(data string) ([]*Check, error) {
	var out []*Check
	for _, s := range developmentFiles {
		texts, err := ReadColumns(filepath.Join(data, "data/ner", s+".tsv"))
		if err != nil {
			return nil, err
		}
		c, err := NewCheck(s, texts)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// Check is a set of annotated texts, ready to be scored on.
type Check struct {
	Name  string
	Texts []Text
	Docs  []*text.Doc
}

// NewCheck parses the texts.
func NewCheck(name string, texts []Text) (*Check, error) {
	parser, err := text.NewParser()
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", name, err)
	}
	c := &Check{Name: name, Texts: texts}
	for i := range texts {
		c.Docs = append(c.Docs, parser.Parse(texts[i].Text, 0))
	}
	return c, nil
}

// Recased are the same texts with other capitals: each in Title Case, in ALL CAPS, in lower case.
func (c *Check) Recased() ([]*Check, error) {
	var out []*Check
	for _, m := range []struct {
		name string
		mode feature.Mode
	}{{"Title Case", feature.TitleCase}, {"ALL CAPS", feature.AllCaps}, {"lower case", feature.LowerCase}} {
		var texts []Text
		for i := range c.Texts {
			texts = append(texts, recase(&c.Texts[i], func(int) feature.Mode { return m.mode }))
		}
		r, err := NewCheck(c.Name+" "+m.name, texts)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Score scores a recogniser.
func (c *Check) Score(f ner.Finder) Scores { return Evaluate(f.Find, c.Texts, c.Docs) }
