package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/pipeline"
)

// result is what a command line did.
type result struct {
	code     int
	out, err string
}

// dateline runs a command line in a folder of its own, which is left in place for the test.
func dateline(t *testing.T, env []string, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	cmd, err := Parse(args, env)
	if err != nil {
		return result{exitUsage, "", "dateline: " + err.Error()}
	}
	code := cmd.Run(t.Context(), strings.NewReader(stdin), &out, &errs)
	return result{code, out.String(), errs.String()}
}

// inFolder makes a temporary folder the current one.
func inFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	return dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestGrammar(t *testing.T) {
	inFolder(t)
	write(t, "bad.yaml", "topic: x\nkafka-pasword: y\n")
	write(t, "list.yaml", "topic: [a, b]\n")
	write(t, "twice.yaml", "topic: a\ntopic: b\n")
	write(t, "scalar.yaml", "just words\n")
	for _, c := range []struct {
		name string
		env  []string
		args []string
		code int
		want string // in the output or the messages
	}{
		{"nothing", nil, nil, exitUsage, "Usage: dateline <command>"},
		{"help", nil, []string{"--help"}, exitDone, "Exit codes: 0 done, 1 failed, 2 wrong usage, 3"},
		{"help of a subcommand", nil, []string{"search", "--help"}, exitDone, "Examples:"},
		{"unknown subcommand", nil, []string{"serach"}, exitUsage, `did you mean "search"`},
		{"unknown flag", nil, []string{"extract", "--fromat", "csv"}, exitUsage, `did you mean "--format"`},
		{"a word that is nothing", nil, []string{"fetch"}, exitUsage, `there is no subcommand "fetch": dateline --help lists them`},
		{"a word too many", nil, []string{"version", "now"}, exitUsage, "see dateline version --help"},
		{"a flag that is nothing", nil, []string{"extract", "--zzzzzzzzzzzz"}, exitUsage, "see dateline extract --help"},
		{"no feeds", nil, []string{"feeds", "add"}, exitUsage, "see dateline feeds add --help"},
		{"negative number", nil, []string{"search", "--limit", "-1"}, exitUsage, "--limit is -1: it can't be negative"},
		{"no value", nil, []string{"run", "--feed", "--every", "15m"}, exitUsage, "--feed wants a value, and --every follows it: dateline run --help"},
		{"unknown format", nil, []string{"extract", "--format", "xml"}, exitUsage, "--format must be one of"},
		{"unknown engine", nil, []string{"extract", "--engine", "spacy"}, exitUsage, "--engine must be one of"},
		{"unknown model", nil, []string{"extract", "--model", "huge"}, exitUsage, "--model"},
		{"unknown form", nil, []string{"extract", "--input", "pdf"}, exitUsage, "want txt, json, jsonl, html or warc"},
		{"bad time", nil, []string{"extract", "--published", "yesterday"}, exitUsage, "--published"},
		{"bad score", nil, []string{"extract", "--min-score", "2"}, exitUsage, "want 0 to 1"},
		{"bad order of dates", nil, []string{"extract", "--date-order", "year-first"}, exitUsage, "--date-order must be one of"},
		{"bad kind of dates", nil, []string{"search", "--by", "moon"}, exitUsage, "--by must be one of"},
		{"bad size", nil, []string{"extract", "--max-text", "lots"}, exitUsage, "2MiB"},
		{"bad day", nil, []string{"search", "--from", "May"}, exitUsage, "--from"},
		{"empty interval", nil, []string{"search", "--from", "2025-02", "--to", "2025-01"}, exitUsage, "--from 2025-02 is after --to 2025-01"},
		{"bad date among the words", nil, []string{"search", "date:May"}, exitUsage, "May"},
		{"no limit", nil, []string{"search", "--limit", "0"}, exitUsage, "--limit"},
		{"bad value in the environment", []string{"DATELINE_WORKERS=two"}, []string{"extract"}, exitUsage, "set by DATELINE_WORKERS"},
		{"unknown setting in the file", nil, []string{"--config", "bad.yaml", "config"}, exitUsage, `bad.yaml:2: unknown setting "kafka-pasword": did you mean "kafka-password"?`},
		{"list for one value", nil, []string{"--config", "list.yaml", "config"}, exitUsage, "--topic"},
		{"setting given twice", nil, []string{"--config", "twice.yaml", "config"}, exitUsage, "twice"},
		{"file without settings", nil, []string{"--config", "scalar.yaml", "config"}, exitUsage, "name: value"},
		{"file that is not there", nil, []string{"--config", "none.yaml", "config"}, exitUsage, "none.yaml"},
		{"no Kafka", nil, []string{"ingest", "x.txt"}, exitUsage, "DATELINE_KAFKA"},
		{"no Kafka to work from", nil, []string{"work"}, exitUsage, "--kafka localhost:9092"},
		{"nothing to set up", nil, []string{"setup"}, exitUsage, "--elasticsearch"},
		{"no account", nil, []string{"setup", "--kafka", "127.0.0.1:1", "--kafka-sasl", "plain"}, exitUsage, "user and a password"},
		{"no such CA", nil, []string{"setup", "--kafka", "127.0.0.1:1", "--kafka-ca", "none.pem"}, exitUsage, "none.pem"},
		{"no broker", nil, []string{"setup", "--kafka", "127.0.0.1:1", "--wait", "0s"}, exitFailed, "is Kafka running?"},
		{"no file", nil, []string{"extract", "none.txt"}, exitFailed, "none.txt: no such file or folder"},
		{"no index", nil, []string{"search", "x"}, exitFailed, "dateline run"},
		{"update of other gold", nil, []string{"eval", "--update", "x.jsonl"}, exitUsage, "built in"},
		{"version", nil, []string{"version"}, exitDone, "extraction"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := dateline(t, c.env, "", c.args...)
			if got.code != c.code {
				t.Errorf("exit code %d, want %d", got.code, c.code)
			}
			if !strings.Contains(got.out+got.err, c.want) {
				t.Errorf("output lacks %q:\n%s%s", c.want, got.out, got.err)
			}
		})
	}
}

// TestPrecedence sets one setting in ever more places: the nearest one counts.
func TestPrecedence(t *testing.T) {
	dir := inFolder(t)
	topic := func(env []string, args ...string) string {
		got := dateline(t, env, "", append(args, "config")...)
		if got.code != exitDone {
			t.Fatalf("exit code %d: %s", got.code, got.err)
		}
		for line := range strings.Lines(got.out) {
			if strings.HasPrefix(line, "topic: ") {
				return strings.Join(strings.Fields(line), " ")
			}
		}
		t.Fatalf("no topic in\n%s", got.out)
		return ""
	}
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	home := []string{"XDG_CONFIG_HOME=" + dir + "/xdg"}
	check("default", topic(home), "topic: dateline-raw # default")
	write(t, "xdg/dateline/config.yaml", "# of the user\ntopic: of-user\n")
	check("the user's file", topic(home), "topic: of-user # "+dir+"/xdg/dateline/config.yaml:2")
	write(t, "dateline.yaml", "topic: here\n")
	check("the folder's file", topic(home), "topic: here # dateline.yaml:1")
	write(t, "other.yaml", "topic: other\n")
	check("--config", topic(home, "--config", "other.yaml"), "topic: other # other.yaml:1")
	check("DATELINE_CONFIG", topic([]string{"DATELINE_CONFIG=other.yaml"}), "topic: other # other.yaml:1")
	check("environment", topic([]string{"DATELINE_TOPIC=env"}), "topic: env # DATELINE_TOPIC")
	check("empty environment", topic([]string{"DATELINE_TOPIC="}), "topic: here # dateline.yaml:1")
	got := dateline(t, []string{"DATELINE_TOPIC=env"}, "", "config", "--topic", "flag")
	if !strings.Contains(got.out, "topic: flag") || !strings.Contains(got.out, "# --topic") {
		t.Errorf("the flag does not win:\n%s", got.out)
	}
}

func TestListsInEverySource(t *testing.T) {
	inFolder(t)
	write(t, "dateline.yaml", "kafka: [one:9092, two:9092]\nkafka-tls: true\nmin-score: 0.5\nmax-text: 1MiB\n")
	for _, c := range []struct {
		env  []string
		args []string
		want string
	}{
		{nil, nil, "kafka: one:9092,two:9092"},
		{[]string{"DATELINE_KAFKA=three:9092,four:9092"}, nil, "kafka: three:9092,four:9092"},
		{nil, []string{"--kafka", "five:9092,six:9092"}, "kafka: five:9092,six:9092"},
		{nil, nil, "kafka-tls: true"}, {nil, nil, "min-score: 0.5"}, {nil, nil, "max-text: 1MiB"},
		{[]string{"DATELINE_KAFKA_TLS=false"}, nil, "kafka-tls: false"},
	} {
		got := dateline(t, c.env, "", append([]string{"config"}, c.args...)...)
		if got.code != exitDone || !strings.Contains(got.out, c.want) {
			t.Errorf("%v %v: lacks %q:\n%s%s", c.env, c.args, c.want, got.out, got.err)
		}
	}
}

func TestSecretsAreMasked(t *testing.T) {
	inFolder(t)
	write(t, "dateline.yaml", "kafka-password: hush1\nelasticsearch-api-key: hush2\n")
	got := dateline(t, []string{"DATELINE_ELASTICSEARCH=https://me:hush3@es.example.org:9200", "DATELINE_ELASTICSEARCH_PASSWORD=hush4"}, "", "config")
	if strings.Contains(got.out+got.err, "hush") {
		t.Errorf("a secret is printed:\n%s", got.out)
	}
	for _, want := range []string{"kafka-password: " + masked, "elasticsearch-api-key: " + masked, "me:" + masked + "@es.example.org:9200", "elasticsearch-password: " + masked} {
		if !strings.Contains(got.out, want) {
			t.Errorf("config lacks %q:\n%s", want, got.out)
		}
	}
}

func TestWithoutPassword(t *testing.T) {
	for address, want := range map[string]string{
		"https://me:hush@es.example.org:9200": "https://me:" + masked + "@es.example.org:9200",
		"me:hush@es.example.org:9200":         masked + "@es.example.org:9200",
		"https://news.example.org/@desk.rss":  "https://news.example.org/@desk.rss",
		"https://me@es.example.org":           "https://me@es.example.org",
	} {
		if got := withoutPassword(address); got != want {
			t.Errorf("withoutPassword(%q) is %q, want %q", address, got, want)
		}
	}
}

// TestConfigRoundTrip saves what config prints and reads it again.
func TestConfigRoundTrip(t *testing.T) {
	inFolder(t)
	env := []string{"DATELINE_KAFKA=a:1,b:2", "DATELINE_MIN_SCORE=0.25", "DATELINE_MAX_TEXT=3MiB", "DATELINE_PREFIX=news"}
	first := dateline(t, env, "", "config")
	write(t, "dateline.yaml", first.out)
	second := dateline(t, nil, "", "config")
	if second.code != exitDone {
		t.Fatalf("the saved settings can't be read: %s", second.err)
	}
	values := func(s string) string {
		var b strings.Builder
		for line := range strings.Lines(s) {
			if v, _, _ := strings.Cut(line, " #"); !strings.HasPrefix(v, "#") {
				b.WriteString(strings.TrimSpace(v) + "\n")
			}
		}
		return b.String()
	}
	if values(first.out) != values(second.out) {
		t.Errorf("settings differ:\n%s\n%s", values(first.out), values(second.out))
	}
}

const story = "OSLO, 14 January 2025 (Fjord Post) — “We leave tomorrow,” said Ingrid Berge of the Fjord Rescue Society (FRS).\n"

func TestExtract(t *testing.T) {
	inFolder(t)
	write(t, "story.txt", story)
	got := dateline(t, nil, "", "extract", "story.txt", "--format", "jsonl", "--offsets", "codepoints")
	if got.code != exitDone {
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	var rec pipeline.Record
	if err := json.Unmarshal([]byte(got.out), &rec); err != nil {
		t.Fatal(err)
	}
	if rec.ID != "story" || rec.Title != "" || rec.Text != story {
		t.Errorf("ID %q, title %q: want the file's name, no title, and the text byte for byte", rec.ID, rec.Title)
	}
	if len(rec.Mentions) == 0 || len(rec.Quotes) == 0 || len(rec.Dates) == 0 {
		t.Errorf("%d mentions, %d quotes, %d dates: want some of each", len(rec.Mentions), len(rec.Quotes), len(rec.Dates))
	}
	runes := []rune(rec.Text)
	for _, m := range rec.Mentions {
		if s := string(runes[m.Start:m.End]); s != m.Text {
			t.Errorf("mention %q cuts %q", m.Text, s)
		}
	}
	text := dateline(t, nil, story, "extract")
	if text.code != exitDone || !strings.Contains(text.out, "{1 ") || strings.ContainsRune(text.out, '\x1b') {
		t.Errorf("not plain annotated text (exit code %d):\n%s", text.code, text.out)
	}
	again := dateline(t, nil, got.out, "extract", "--format", "jsonl", "--offsets", "codepoints")
	if again.out != got.out {
		t.Errorf("a record read as an article gives another record:\n%s\n%s", got.out, again.out)
	}
}

func TestPublishedIsForArticlesWithoutOne(t *testing.T) {
	inFolder(t)
	in := `{"id":"a","text":"It rained yesterday."}` + "\n" + `{"id":"b","text":"It rained yesterday.","published":"2024-03-01"}`
	got := dateline(t, nil, in, "extract", "--input", "jsonl", "--format", "jsonl", "--published", "2025-01-20")
	for _, want := range []string{`"value":"2025-01-19"`, `"value":"2024-02-29"`} {
		if !strings.Contains(got.out, want) {
			t.Errorf("output lacks %s:\n%s", want, got.out)
		}
	}
}

func TestDateOrder(t *testing.T) {
	inFolder(t)
	in := "Signed on 1/2/2025, and again on 25/12/2024."
	versions := map[string]bool{}
	for _, c := range []struct {
		args  []string
		order string
	}{{nil, "2025-01-02"}, {[]string{"--date-order", "month-first"}, "2025-01-02"}, {[]string{"--date-order", "day-first"}, "2025-02-01"}} {
		got := dateline(t, nil, in, append([]string{"extract", "--format", "jsonl"}, c.args...)...)
		var r pipeline.Record
		if err := json.Unmarshal([]byte(got.out), &r); err != nil {
			t.Fatalf("%v: %s%s", err, got.out, got.err)
		}
		versions[r.Version] = true
		if len(r.Dates) != 2 || r.Dates[0].Value != c.order || r.Dates[1].Value != "2024-12-25" {
			t.Errorf("%v: %+v, want %s and 2024-12-25", c.args, r.Dates, c.order)
		}
	}
	if len(versions) != 2 {
		t.Errorf("%d versions of the extraction, want one for each order", len(versions))
	}
}

// TestSearchByDates asks for a week: for what was said to happen in it, and for what was published.
func TestSearchByDates(t *testing.T) {
	inFolder(t)
	write(t, "in.jsonl", `{"id":"ahead","published":"2025-01-06","text":"The two banks will merge on January 15, the regulator said."}
{"id":"back","published":"2025-03-03","text":"A fire broke out at the mill, which stood idle from 16 to 20 January 2025."}
{"id":"month","published":"2025-04-04","text":"Rainfall in January 2025 was the least in a decade."}
{"id":"within","published":"2025-01-16","text":"The council met on 2 December 2024."}
{"id":"day-after","published":"2025-01-19","text":"The choir sings today."}
{"id":"none","published":"2025-06-01","text":"The bridge is open."}
`)
	if got := dateline(t, nil, "", "run", "in.jsonl"); got.code != exitDone {
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	for _, c := range []struct {
		by   []string
		want string
	}{
		{[]string{"--by", "mentioned"}, "ahead back month"},
		{[]string{"--by", "published"}, "within"},
		{[]string{"--by", "any"}, "ahead back month within"},
		{nil, "ahead back month within"},
	} {
		got := dateline(t, nil, "", append([]string{"search", "--format", "jsonl", "--from", "2025-01-14", "--to", "2025-01-18"}, c.by...)...)
		var ids []string
		for line := range strings.Lines(got.out) {
			var r pipeline.Record
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("%v: %s%s", err, got.out, got.err)
			}
			ids = append(ids, r.ID)
		}
		slices.Sort(ids)
		if s := strings.Join(ids, " "); s != c.want {
			t.Errorf("search %v finds %q, want %q\n%s", c.by, s, c.want, got.err)
		}
	}
}

func TestMinScore(t *testing.T) {
	inFolder(t)
	got := dateline(t, nil, story, "extract", "--format", "jsonl", "--min-score", "1")
	var rec pipeline.Record
	if err := json.Unmarshal([]byte(got.out), &rec); err != nil {
		t.Fatal(err)
	}
	for _, m := range rec.Mentions {
		if m.Form != "pronoun" && m.Form != "nominal" && m.Score < 1 {
			t.Errorf("mention %q with score %v", m.Text, m.Score)
		}
	}
	if version := dateline(t, nil, story, "extract", "--format", "jsonl"); strings.Contains(version.out, rec.Version) {
		t.Error("another least score has the same version")
	}
}

func TestDictionary(t *testing.T) {
	inFolder(t)
	write(t, "names.tsv", "Fjord Post\torganisation\tthe Post\nFRS\tstop\n")
	got := dateline(t, nil, story, "extract", "--format", "jsonl", "--dictionary", "names.tsv")
	var rec pipeline.Record
	if err := json.Unmarshal([]byte(got.out), &rec); err != nil {
		t.Fatalf("%v: %s", err, got.err)
	}
	found := false
	for _, m := range rec.Mentions {
		found = found || m.Text == "Fjord Post" && m.Type.String() == "organisation"
		if m.Text == "FRS" {
			t.Error("a stopped string is a mention")
		}
	}
	if !found {
		t.Error("the dictionary's name is no mention")
	}
	write(t, "bad.tsv", "Fjord Post\tboat\n")
	if bad := dateline(t, nil, story, "extract", "--dictionary", "bad.tsv"); bad.code != exitFailed || !strings.Contains(bad.err, "bad.tsv") || !strings.Contains(bad.err, "line 1") {
		t.Errorf("exit code %d: %s", bad.code, bad.err)
	}
}

// TestBadInput gives what no article is, between two that are.
func TestBadInput(t *testing.T) {
	inFolder(t)
	bad := map[string]string{
		"in/b-empty.txt":      "",
		"in/c-blank.txt":      " \n\n",
		"in/d-invalid.txt":    "caf\xe9 au lait",
		"in/e-binary.txt":     "PK\x03\x04\x00\x00\xff\xfe",
		"in/f-cut.json":       `{"id":"cut","text":"Trunc`,
		"in/g-array.json":     `[{"text":"ok"`,
		"in/h-long.txt":       strings.Repeat("word ", 1<<20),
		"in/i-lines.jsonl":    "not json\n{\"id\":\"fine\",\"text\":\"All is well in Bergen.\"}\n{\"text\":5}\n",
		"in/j-damaged.txt.gz": "\x1f\x8b\x08\x00garbage",
	}
	write(t, "in/a-good.txt", story)
	write(t, "in/k-good.json", `{"id":"k","title":"Calm in Bergen","text":"Nothing happened in Bergen on 3 May 2025."}`)
	for path, content := range bad {
		write(t, path, content)
	}
	for _, args := range [][]string{{"extract", "in", "--format", "jsonl"}, {"run", "in"}} {
		t.Run(args[0], func(t *testing.T) {
			_ = os.Remove("dead.jsonl")
			got := dateline(t, nil, "", args...)
			if got.code != exitDead {
				t.Errorf("exit code %d, want %d\n%s", got.code, exitDead, got.err)
			}
			for path := range bad {
				if name := filepath.Base(path); !strings.Contains(got.err, name) {
					t.Errorf("no message names %s:\n%s", name, got.err)
				}
			}
			f, err := os.Open("dead.jsonl")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			kept := map[string]bool{}
			for l, err := range pipeline.ReadDeadLetters(f) {
				if err != nil {
					t.Fatal(err)
				}
				if l.Reason == "" {
					t.Errorf("%s: no reason", l.Origin)
				}
				kept[string(l.Value)] = true
			}
			for _, path := range []string{"in/d-invalid.txt", "in/e-binary.txt", "in/f-cut.json", "in/h-long.txt"} {
				if !kept[bad[path]] {
					t.Errorf("the dead letters lack the bytes of %s", path)
				}
			}
		})
	}
	for _, id := range []string{"a-good", "fine", "k"} {
		if got := dateline(t, nil, "", "search", "--format", "jsonl", "--limit", "100"); !strings.Contains(got.out, `"id":"`+id+`"`) {
			t.Errorf("%s is not in the index:\n%s%s", id, got.out, got.err)
		}
	}
}

// TestReplayFile mends what was wrong, the limit, and puts the dead letters into the index.
func TestReplayFile(t *testing.T) {
	inFolder(t)
	write(t, "in/long.txt", strings.Repeat("All is well in Bergen. ", 100))
	write(t, "in/bad.json", `{"text":"cut`)
	if got := dateline(t, nil, "", "run", "in", "--max-text", "1kB"); got.code != exitDead {
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	if got := dateline(t, nil, "", "replay", "--dry-run"); got.code != exitDone || !strings.Contains(got.out, "long.txt") || !strings.Contains(got.out, "bad.json") {
		t.Errorf("dry run: exit code %d\n%s%s", got.code, got.out, got.err)
	}
	if got := dateline(t, nil, "", "replay"); got.code != exitDead {
		t.Errorf("exit code %d, want %d: %s", got.code, exitDead, got.err)
	}
	if got := dateline(t, nil, "", "search", "bergen", "--format", "jsonl"); !strings.Contains(got.out, `"id":"long"`) {
		t.Errorf("the article is not in the index: %s%s", got.out, got.err)
	}
	b, err := os.ReadFile("dead.jsonl")
	if err != nil || strings.Count(string(b), "\n") != 1 || !strings.Contains(string(b), "bad.json") {
		t.Errorf("want the one letter that failed again, got %s (%v)", b, err)
	}
	if _, err := os.Stat("dead.jsonl" + replaying); err == nil {
		t.Error("the replayed file is still there")
	}
	if err := os.Remove("dead.jsonl"); err != nil {
		t.Fatal(err)
	}
	if got := dateline(t, nil, "", "replay"); got.code != exitDone || !strings.Contains(got.err, "no dead letters") {
		t.Errorf("nothing to replay: exit code %d: %s", got.code, got.err)
	}
}

// TestRunAndSearch runs with no argument, as a newcomer does, and asks for what was found.
// TestReprocess shows that an older version's records are extracted again, once.
func TestReprocess(t *testing.T) {
	inFolder(t)
	if got := dateline(t, nil, "", "reprocess"); got.code != exitFailed {
		t.Errorf("without an index: exit code %d, want %d: %s", got.code, exitFailed, got.err)
	}
	if got := dateline(t, nil, "", "run", "--engine", "prose-v3"); got.code != exitDone {
		t.Fatalf("run: exit code %d: %s", got.code, got.err)
	}
	for _, want := range []string{"21 articles reprocessed", "0 articles reprocessed"} {
		if got := dateline(t, nil, "", "reprocess"); got.code != exitDone || !strings.Contains(got.err, want) {
			t.Errorf("exit code %d, want %q: %s", got.code, want, got.err)
		}
	}
	// Stock prose takes the union's initials for no organisation.
	got := dateline(t, nil, "", "search", "--organisation", "FCTN")
	if got.code != exitDone || !strings.Contains(got.out, "teachers-strike") {
		t.Errorf("the organisation is not found after another pass: exit code %d\n%s%s", got.code, got.out, got.err)
	}
}

func TestRunAndSearch(t *testing.T) {
	inFolder(t)
	got := dateline(t, nil, "", "run")
	if got.code != exitDone {
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	for _, want := range []string{"People", "Organisations", "Places", "Dates mentioned", "Quotes", "articles"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("the summary lacks %q:\n%s", want, got.out)
		}
	}
	if !strings.Contains(got.err, "dateline-index") {
		t.Errorf("no word of where the index is: %s", got.err)
	}
	all := dateline(t, nil, "", "search", "--show", "quotes", "--format", "jsonl", "--limit", "500")
	speaker, n := "", 0
	for line := range strings.Lines(all.out) {
		var hit struct{ Speaker, Speaker_key string }
		if err := json.Unmarshal([]byte(line), &hit); err != nil {
			t.Fatal(err)
		}
		n++
		if speaker == "" && hit.Speaker_key != "" {
			speaker = hit.Speaker
		}
	}
	if n == 0 || speaker == "" {
		t.Fatalf("%d quotes, none with a named speaker", n)
	}
	if by := dateline(t, nil, "", "search", "--speaker", speaker); by.code != exitDone || !strings.Contains(by.out, speaker) {
		t.Errorf("search --speaker %q: exit code %d\n%s%s", speaker, by.code, by.out, by.err)
	}
	if by := dateline(t, nil, "", "search", `speaker:"`+speaker+`"`); by.code != exitDone || !strings.Contains(by.out, speaker) || !strings.Contains(by.out, "quote") {
		t.Errorf("search speaker:%q: exit code %d\n%s%s", speaker, by.code, by.out, by.err)
	}
	if past := dateline(t, nil, "", "search", "--offset", "500"); past.code != exitDone || !strings.Contains(past.out, ", none after the first 500") {
		t.Errorf("search past the end: exit code %d\n%s%s", past.code, past.out, past.err)
	}
	if none := dateline(t, nil, "", "search", "--person", "Nobody Inparticular"); none.code != exitDone || !strings.Contains(none.out, "0 articles") {
		t.Errorf("search for a stranger: exit code %d\n%s", none.code, none.out)
	}
	facets := dateline(t, nil, "", "search", "--facets", "3", "--sort", "time")
	if !strings.Contains(facets.out, "organisation: ") {
		t.Errorf("no facets:\n%s", facets.out)
	}
}

func TestStoppedRunFails(t *testing.T) {
	inFolder(t)
	cmd, err := Parse([]string{"run"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	if code := cmd.Run(ctx, strings.NewReader(""), &out, &errs); code != exitFailed || !strings.Contains(errs.String(), "stopped") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}

func TestRawMessage(t *testing.T) {
	raw := `{ "text" : "As it came.", "url": "https://example.org/1", "extra": [1] }`
	m, err := rawMessage(pipeline.Message{Value: []byte(raw)}, 0)
	if err != nil || string(m.Value) != raw || len(m.Key) == 0 {
		t.Errorf("%q with key %q (%v): want the bytes as they came, and a key", m.Value, m.Key, err)
	}
	m, err = rawMessage(pipeline.Message{Value: []byte(story), Format: pipeline.Text, Name: "story"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	a, _, err := pipeline.Decode(m)
	if err != nil || a.ID != "story" || a.Body != story || string(m.Key) != "story" {
		t.Errorf("a text comes back as %+v (%v)", a, err)
	}
	page := `<html lang="en"><head><title>Calm in Bergen</title><meta property="article:published_time" content="2025-05-03T10:00:00+02:00"></head><body><article><h1>Calm in Bergen</h1><p>Nothing happened in Bergen on Saturday, and nobody was surprised by it in the least.</p><p>The harbour was quiet, the fish market was quiet, and the ferries ran on time all day long.</p></article></body></html>`
	m, err = rawMessage(pipeline.Message{Value: []byte(page), Format: pipeline.HTML, Name: "page"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	a, _, err = pipeline.Decode(m)
	if err != nil || a.ID != "page" || !strings.Contains(a.Body, "ferries") || !a.Published.Equal(time.Date(2025, 5, 3, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("a page comes back as %+v (%v)", a, err)
	}
	for _, bad := range []pipeline.Message{{Value: []byte("not JSON")}, {Value: []byte(`{"text":""}`)}, {Value: nil}, {Value: []byte("x"), Format: pipeline.Text, Err: os.ErrPermission}} {
		if _, err := rawMessage(bad, 0); err == nil {
			t.Errorf("%q is taken for an article", bad.Value)
		}
	}
}

func TestSize(t *testing.T) {
	for in, want := range map[string]size{"0": 0, "1024": 1024, "2MiB": 2 << 20, "2 MiB": 2 << 20, "500kB": 500_000, "1.5k": 1536, "3m": 3 << 20, "10b": 10} {
		var got size
		if err := got.UnmarshalText([]byte(in)); err != nil || got != want {
			t.Errorf("%q: %d (%v), want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "x", "-1", "MiB", "9e99", "NaN", "1 2"} {
		var got size
		if err := got.UnmarshalText([]byte(in)); err == nil {
			t.Errorf("%q is %d, want an error", in, got)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"kafka", "kafka-user", "kafka-password", "topic"}
	for in, want := range map[string]string{"kafak": "kafka", "kafka_user": "kafka-user", "Topics": "topic"} {
		if got := nearest(in, known); got != want {
			t.Errorf("nearest to %q is %q, want %q", in, got, want)
		}
	}
	if d := distance("kitten", "sitting"); d != 3 {
		t.Errorf("distance is %d, want 3", d)
	}
}

func TestProgressLine(t *testing.T) {
	p := &progress{size: func() (int64, int64) { return 1500, 2000 }} // 500 are read ahead
	s := pipeline.Stats{Read: 1241, Bytes: 1024, Stored: 1200, ReadBytes: 1000, Duration: 4 * time.Second, Dead: map[pipeline.Stage]int{pipeline.StageDecode: 40}}
	if got, want := p.line(s), "1,240 articles, 310/s, 50%, 4 s left, 40 dead"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.size = func() (int64, int64) { return 100, -1 }
	if got, want := p.line(pipeline.Stats{Stored: 1, Duration: time.Second}), "1 article, 1/s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestReadmeHasEverySetting compares the README's table with the settings that config prints.
func TestReadmeHasEverySetting(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	cmd, err := Parse([]string{"config"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	settings := cmd.settings()
	if len(settings) < 30 {
		t.Fatalf("only %d settings", len(settings))
	}
	for _, f := range settings {
		def := ""
		if f.Default != "" {
			def = "`" + f.Default + "`"
		}
		if want := "| `" + f.Name + "` | " + def + " |"; !strings.Contains(string(readme), want) {
			t.Errorf("README lacks the row %q", want)
		}
	}
}

// Articles in other languages are kept without extraction, and counted.
func TestLanguages(t *testing.T) {
	t.Chdir(t.TempDir())
	const german = `{"id":"de","text":"Der Stadtrat von Hamburg hat am Dienstag beschlossen, die Halle zu schließen, und Angela Merkel sagte, dass auf dem Gelände eine Schule gebaut wird."}`
	const english = `{"id":"en","text":"The council of Hamburg decided on Tuesday to close the hall, and Angela Merkel said that a school would be built on the site."}`
	const declared = `{"id":"fr","language":"fr","text":"Angela Merkel est à Paris."}`
	in := german + "\n" + english + "\n" + declared + "\n"
	count := func(args ...string) map[string]int {
		t.Helper()
		got := dateline(t, nil, in, append([]string{"extract", "--input", "jsonl", "--format", "jsonl"}, args...)...)
		if got.code != exitDone {
			t.Fatalf("exit code %d: %s", got.code, got.err)
		}
		names := map[string]int{}
		for line := range strings.Lines(got.out) {
			var r struct {
				ID, Language, Version string
				Entities              []any
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil || r.ID != r.Language || r.Version == "" || r.Entities == nil {
				t.Errorf("%v, %+v: %s", err, r, line)
			}
			names[r.ID] = len(r.Entities)
		}
		if want := strings.Count(fmt.Sprint(names), ":0"); want > 1 && !strings.Contains(got.err, fmt.Sprintf("%d articles in other languages", want)) {
			t.Errorf("%d articles were kept out, and it says %q", want, got.err)
		}
		return names
	}
	if n := count(); n["de"] != 0 || n["fr"] != 0 || n["en"] == 0 || len(n) != 3 {
		t.Errorf("names by language: %v", n)
	}
	if n := count("--languages", "en,fr"); n["de"] != 0 || n["fr"] == 0 || n["en"] == 0 {
		t.Errorf("with en,fr names by language: %v", n)
	}
	if n := count("--languages", "any"); n["de"] == 0 || n["fr"] == 0 || n["en"] == 0 {
		t.Errorf("with any names by language: %v", n)
	}
	if got := dateline(t, nil, in, "extract", "--languages", "klingonese"); got.code != exitUsage || !strings.Contains(got.err, "BCP 47") {
		t.Errorf("%d: %s", got.code, got.err)
	}
	version := func(args ...string) string { return dateline(t, nil, "", append([]string{"version"}, args...)...).out }
	if version() == version("--languages", "any") || version() != version("--languages", "EN-us") {
		t.Error("the version does not follow the languages")
	}
}

// status shows an index without any server.
func TestStatusOfFolder(t *testing.T) {
	inFolder(t)
	if got := dateline(t, nil, "", "status"); got.code != exitUsage || !strings.Contains(got.err, "nothing to look at") {
		t.Errorf("without anything: %d %s", got.code, got.err)
	}
	in := `{"id":"a","text":"The mayor of Oslo spoke on Monday about the bridge that was closed, and said it would open again in May.","published":"2025-01-16"}`
	if got := dateline(t, nil, in, "run", "--input", "jsonl", "-"); got.code != exitDone {
		t.Fatalf("run: %d %s", got.code, got.err)
	}
	got := dateline(t, nil, "", "status")
	for _, want := range []string{"articles                                1", "language en                             1", "newest of                      2025-01-16"} {
		if got.code != exitDone || !strings.Contains(got.out, want) {
			t.Errorf("%d: lacks %q:\n%s", got.code, want, got.out)
		}
	}
	var r struct {
		Index struct{ Articles int }
		Queue any
	}
	got = dateline(t, nil, "", "status", "--format", "json")
	if err := json.Unmarshal([]byte(got.out), &r); err != nil || r.Index.Articles != 1 || r.Queue != nil {
		t.Errorf("%v: %s", err, got.out)
	}
	got = dateline(t, nil, "", "status", "--kafka", "127.0.0.1:1", "--window", "10ms")
	if got.code != exitFailed || !strings.Contains(got.err, "Kafka: no broker answers") || !strings.Contains(got.out, "articles") {
		t.Errorf("with a broker that does not answer: %d %s%s", got.code, got.out, got.err)
	}
}

// Copies of one story are found by run, and folded by search.
func TestFold(t *testing.T) {
	inFolder(t)
	const story = "The old bridge over the Varde at Lowmere was closed on Monday after inspectors found cracks in two of its piers. Traffic is being sent over the new bridge at Fordham, eleven kilometres to the north. The authority's chief engineer expects the repair to take until the spring."
	var in strings.Builder
	for i, text := range []string{story, "By our correspondent. " + story + " Sign up for our newsletter.", "Nothing of it happened in Oslo, where the bridge stands."} {
		line, err := json.Marshal(map[string]string{"id": fmt.Sprint("a", i), "source": fmt.Sprint("Paper ", i), "published": "2025-01-16", "text": text})
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	if got := dateline(t, nil, in.String(), "run", "--input", "jsonl", "-"); got.code != exitDone {
		t.Fatalf("run: %d %s", got.code, got.err)
	}
	if got := dateline(t, nil, "", "search", "bridge"); !strings.Contains(got.out, "3 articles") {
		t.Errorf("search finds\n%s", got.out)
	}
	if got := dateline(t, nil, "", "search", "bridge", "--fold"); !strings.Contains(got.out, "2 articles") || !strings.Contains(got.out, "(+1) ") {
		t.Errorf("search --fold finds\n%s%s", got.out, got.err)
	}
	if got := dateline(t, nil, "", "search", "--cluster", "a0", "--format", "jsonl"); strings.Count(got.out, `"cluster":"a0"`) != 2 || strings.Count(got.out, `"first":true`) != 1 {
		t.Errorf("search --cluster finds\n%s%s", got.out, got.err)
	}
}

// TestModels: each model that is built in finds the names, and its records have a version of their
// own; without --model the first is used.
func TestModels(t *testing.T) {
	inFolder(t)
	versions := map[string]string{}
	extract := func(args ...string) (version string) {
		t.Helper()
		got := dateline(t, nil, "President Maria Delgado's office said on Monday that the United Nations would send aid to Kenya.",
			append([]string{"extract", "--format", "jsonl"}, args...)...)
		var r pipeline.Record
		if got.code != exitDone || json.Unmarshal([]byte(got.out), &r) != nil {
			t.Fatalf("%v: exit code %d\n%s%s", args, got.code, got.out, got.err)
		}
		var names []string
		for _, m := range r.Mentions {
			if m.Form == ner.Name {
				names = append(names, m.Type.String()+" "+m.Text)
			}
		}
		if want := []string{"person Maria Delgado", "organisation United Nations", "place Kenya"}; !slices.Equal(names, want) {
			t.Errorf("%v: found %q, want %q", args, names, want)
		}
		return r.Version
	}
	for _, m := range ner.Models() {
		v := extract("--model", m)
		if other, ok := versions[v]; ok || v == "" {
			t.Errorf("models %s and %q share the version %q", m, other, v)
		}
		versions[v] = m
	}
	if got := versions[extract()]; got != ner.Models()[0] {
		t.Errorf("the default is %q, want %q", got, ner.Models()[0])
	}
}
