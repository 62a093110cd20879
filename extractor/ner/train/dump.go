package train

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/ner/internal/feature"
	"github.com/datelinenews/dateline/extractor/text"
)

// A Dump is what the trainer of the convolutional models reads: texts as arrays of numbers, made by
// the same code that makes features when the model runs.
type Dump struct {
	// Model, Data, Sport, Long, Seed are as in Plan.
	Model, Data string
	Sport       int
	Long        bool
	Seed        uint64
	// Least is how often a feature must be seen in annotated text, Keep how many features are kept
	// at most.
	Least, Keep int
	// Voter, where not nil, is a model that labels the texts as well: another teacher.
	Voter ner.Finder
	Log   func(format string, args ...any)
}

// The roles of the texts of a dump.
const (
	roleTrain = "train" // annotated, learnt from
	roleRaw   = "raw"   // not annotated, for teachers to label
	roleDev   = "dev"   // annotated, never learnt from
)

// dumped is a corpus of a dump, as corpora.json tells of it.
type dumped struct {
	Name string `json:"name"`
	Role string `json:"role"`
	// Apart says that the corpus counts as names what news does not.
	Apart  bool    `json:"apart"`
	Weight float32 `json:"weight"`
	Docs   int     `json:"docs"`
	Tokens int     `json:"tokens"`

	variants []variant
}

// Write writes the arrays to the folder out, each a file of little-endian numbers:
//
//	docs.i32       a row of 5 a text: corpus, number in it, mode of capitals (0 as written, else of a
//	               changed copy), first sentence, first token; a last row closes the last text
//	sentences.i32  a row of 2 a sentence: first token, 1 where it is learnt from; a last row
//	tags.u8        a tag a token (internal/linear)
//	votes.u8       a tag a token by the voter, where there is one
//	words.i32      the row of each token's word in vectors.bin, -1 where it has none
//	memory.i32     the key of each token's word in its text, -1 for those without
//	ends.i64       where each token's features end in features.i32
//	features.i32   features
//	keys.u64       the hash of each feature, identity.u8 whether it says which word a token is
//	corpora.json   the corpora
func (p *Dump) Write(tables, vectors []byte, out string) error {
	t, err := feature.Load(tables)
	if err != nil {
		return err
	}
	parser, err := text.NewParser()
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(vectors, []byte(vectorsMagic)) {
		return errors.New("not a file of word vectors")
	}
	row, err := rowsOf(vectors[len(vectorsMagic):])
	if err != nil {
		return err
	}
	all, err := p.corpora()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	d := &dumper{tables: t, parser: parser, mapped: map[string]*Mapped{}}
	counts := map[uint64]int{}
	for _, c := range all {
		if c.Role == roleTrain {
			d.each(c, func(_ *feature.Doc, _ int, features []uint64) {
				for _, f := range features {
					counts[f]++
				}
			})
		}
	}
	keys := frequent(counts, p.Least, p.Keep)
	p.Log("%d features, %d of them seen %d times or more; the rarest that is kept %d times", len(counts), len(keys), p.Least, counts[keys[len(keys)-1]])
	ids := make(map[uint64]int32, len(keys))
	for i, k := range keys {
		ids[k] = int32(i)
	}
	w := &arrays{dir: out}
	identity := make([]byte, len(keys))
	end := int64(0)
	for n, c := range all {
		d.opened = func(at int, v *variant, doc *text.Doc) {
			w.i32("docs.i32", n, at, int(v.mode), d.sentences, d.tokens)
			tags := tagsOf(&v.text, doc, d.mapping(c))
			w.bytes("tags.u8", tags)
			if p.Voter != nil {
				voted := Text{Text: v.text.Text}
				if v.mode == feature.Normal { // nobody asks for the others
					for _, m := range p.Voter.Find(doc) {
						voted.Names = append(voted.Names, Name{Span: m.Span, Type: m.Type})
					}
				}
				w.bytes("votes.u8", tagsOf(&voted, doc, &Mapped{}))
			}
			for s := range doc.Sentences {
				sent := &doc.Sentences[s]
				learnt := 0
				if c.Role != roleDev && (v.only == nil || v.only[sent.Paragraph]) {
					learnt = 1
				}
				w.i32("sentences.i32", d.tokens+sent.FirstToken, learnt)
			}
			c.Tokens += len(doc.Tokens)
		}
		d.each(c, func(f *feature.Doc, i int, features []uint64) {
			word := f.Word(i)
			key, _, _ := f.Lexeme(i)
			w.i32("words.i32", row(f.Lower(word)))
			w.i32("memory.i32", key)
			for _, h := range f.Identity(word) {
				if id, ok := ids[h]; ok {
					identity[id] = 1
				}
			}
			for _, h := range features {
				if id, ok := ids[h]; ok {
					w.i32("features.i32", int(id))
					end++
				}
			}
			w.i64("ends.i64", end)
		})
		c.Docs = len(c.variants)
		p.Log("%-22s %-5s %5d texts, %7d tokens", c.Name, c.Role, c.Docs, c.Tokens)
	}
	w.i32("docs.i32", len(all), 0, 0, d.sentences, d.tokens)
	w.i32("sentences.i32", d.tokens, 0)
	for _, k := range keys {
		w.i64("keys.u64", int64(k))
	}
	w.bytes("identity.u8", identity)
	b, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	w.bytes("corpora.json", b)
	return w.close()
}

// frequent lists the features seen least times or more, the most frequent first, at most keep.
func frequent(counts map[uint64]int, least, keep int) []uint64 {
	var keys []uint64
	for k, n := range counts {
		if n >= least {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b uint64) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	return keys[:min(keep, len(keys))]
}

// corpora gathers what goes into the dump.
func (p *Dump) corpora() ([]*dumped, error) {
	sources, gold, err := readCorpora(p.Model, p.Data, p.Sport, p.Long, p.Seed)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(p.Seed, 3))
	var all []*dumped
	for _, c := range append(sources, &corpus{name: goldName, texts: gold, weight: goldWeight, recased: 1}) {
		all = append(all, &dumped{Name: c.name, Role: roleTrain, Apart: c.apart != 0, Weight: c.weight, variants: variants(c, rng)})
	}
	raw, err := readRaw(p.Model, p.Data, p.Long)
	if err != nil {
		return nil, err
	}
	for _, c := range raw {
		all = append(all, plain(c.name, roleRaw, c.texts))
	}
	for _, s := range developmentFiles {
		texts, err := ReadColumns(filepath.Join(p.Data, "data/ner", s+".tsv"))
		if err != nil {
			return nil, err
		}
		all = append(all, plain(s, roleDev, texts))
	}
	return all, nil
}

// plain is a corpus without changed copies.
func plain(name, role string, texts []Text) *dumped {
	c := &dumped{Name: name, Role: role, Weight: 1}
	for _, t := range texts {
		c.variants = append(c.variants, variant{text: t})
	}
	return c
}

// dumper makes features of the texts of a dump.
type dumper struct {
	tables            *feature.Tables
	parser            *text.Parser
	mapped            map[string]*Mapped
	sentences, tokens int
	// opened, where not nil, is called before the tokens of a text.
	opened func(at int, v *variant, doc *text.Doc)
}

func (d *dumper) mapping(c *dumped) *Mapped {
	if d.mapped[c.Name] == nil {
		d.mapped[c.Name] = &Mapped{}
	}
	return d.mapped[c.Name]
}

// each calls use with every token and its features; these are valid during the call.
func (d *dumper) each(c *dumped, use func(f *feature.Doc, i int, features []uint64)) {
	f := feature.NewDoc(d.tables)
	var buf []uint64
	at := -1
	for n := range c.variants {
		v := &c.variants[n]
		if v.mode == feature.Normal {
			at++ // changed copies follow the text that they copy
		}
		doc := d.parser.Parse(v.text.Text, 0)
		f.Analyse(doc)
		if d.opened != nil {
			d.opened(at, v, doc)
		}
		for s := range doc.Sentences {
			sent := &doc.Sentences[s]
			for i := sent.FirstToken; i < sent.EndToken; i++ {
				buf = f.AppendOwnWord(buf[:0], f.Word(i))
				buf = f.AppendOwnToken(buf, s, i)
				use(f, i, buf)
			}
		}
		if d.opened != nil {
			d.sentences += len(doc.Sentences)
			d.tokens += len(doc.Tokens)
		}
	}
}

// rowsOf looks rows up in the table that appendTable laid out in b.
func rowsOf(b []byte) (func(key uint64) int, error) {
	u32 := func(i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
	if len(b) < 12 || len(b) < 4*(4+int(u32(1))+2*int(u32(0))) {
		return nil, errors.New("the table is cut short")
	}
	buckets, prints := int(u32(1)), 4+int(u32(1))
	return func(key uint64) int {
		k := int(key >> 32 * uint64(buckets) >> 32)
		for i := u32(3 + k); i < u32(4+k); i++ {
			if u32(prints+int(i)) == uint32(key) {
				return int(i)
			}
		}
		return -1
	}, nil
}

// readRaw reads the texts without annotation that a model may learn from, once teachers have labelled
// them: Wikinews but for the articles that are annotated anywhere (these are learnt from, or are for
// checking), and PolNeAR's articles of US politics, for news alone.
func readRaw(model, data string, long bool) ([]*corpus, error) {
	annotated := map[string]bool{}
	paths, err := filepath.Glob(filepath.Join(data, "gold/*/*.json"))
	if err != nil {
		return nil, fmt.Errorf("read raw articles: %w", err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read raw articles: %w", err)
		}
		var a struct{ URL string }
		if err := json.Unmarshal(b, &a); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		annotated[page(a.URL)] = true
	}
	own, err := readAnnotations(moreNames)
	if err != nil {
		return nil, err
	}
	for _, a := range own {
		annotated[a.page] = long || annotated[a.page]
	}
	wikinews := &corpus{name: "wikinews"}
	texts, err := readNews(filepath.Join(data, "data/news"))
	if err != nil {
		return nil, err
	}
	for _, t := range texts {
		if !annotated[page(t.ID)] {
			wikinews.texts = append(wikinews.texts, t)
		}
	}
	out := []*corpus{wikinews}
	if model == "news" {
		texts, err := readJSONLines(filepath.Join(data, "data/quotes/train.jsonl"))
		if err != nil {
			return nil, err
		}
		out = append(out, &corpus{name: "polnear", texts: texts})
	}
	return out, nil
}

// readNews reads all articles of a folder of JSON lines.
func readNews(dir string) ([]Text, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("read raw articles: no files in %s", dir)
	}
	var out []Text
	for _, f := range files {
		texts, err := readJSONLines(f)
		if err != nil {
			return nil, err
		}
		out = append(out, texts...)
	}
	return out, nil
}

// page is the last part of an address: one page has addresses with http and https.
func page(url string) string { return url[strings.LastIndex(url, "/")+1:] }

// readJSONLines reads articles of JSON lines: their text, or their sentences as lists of tokens.
func readJSONLines(path string) ([]Text, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read raw articles: %w", err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 16<<20)
	var out []Text
	for s.Scan() {
		var a struct {
			ID, URL, Text string
			Sents         [][]string
		}
		if err := json.Unmarshal(s.Bytes(), &a); err != nil {
			return nil, fmt.Errorf("read %s, line %d: %w", path, len(out)+1, err)
		}
		if a.Text == "" {
			var paragraphs []string
			for _, tokens := range a.Sents {
				var sent [][2]string
				for _, t := range tokens {
					sent = append(sent, [2]string{t, "O"})
				}
				body, _ := join(sent, false)
				paragraphs = append(paragraphs, body)
			}
			a.Text = strings.Join(paragraphs, "\n\n")
		}
		out = append(out, Text{ID: cmp.Or(a.URL, a.ID), Text: a.Text})
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return out, nil
}

// arrays writes files of numbers; the first error stands until close.
type arrays struct {
	dir   string
	files map[string]*os.File
	bufs  map[string]*bufio.Writer
	err   error
}

func (a *arrays) bytes(name string, b []byte) {
	w := a.bufs[name]
	if w == nil && a.err == nil {
		f, err := os.Create(filepath.Join(a.dir, name))
		if err != nil {
			a.err = err
			return
		}
		if a.bufs == nil {
			a.files, a.bufs = map[string]*os.File{}, map[string]*bufio.Writer{}
		}
		w = bufio.NewWriterSize(f, 1<<20)
		a.files[name], a.bufs[name] = f, w
	}
	if a.err == nil {
		_, a.err = w.Write(b)
	}
}

func (a *arrays) i32(name string, values ...int) {
	var b [64]byte
	out := b[:0]
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, uint32(int32(v)))
	}
	a.bytes(name, out)
}

func (a *arrays) i64(name string, v int64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(v))
	a.bytes(name, b[:])
}

func (a *arrays) close() error {
	for name, w := range a.bufs {
		if err := w.Flush(); err != nil && a.err == nil {
			a.err = err
		}
		if err := a.files[name].Close(); err != nil && a.err == nil {
			a.err = err
		}
	}
	if a.err != nil {
		return fmt.Errorf("write dump: %w", a.err)
	}
	return nil
}
