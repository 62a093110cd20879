package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/datelinenews/dateline/pipeline/language"
)

// Settings come in groups, and a subcommand embeds those it needs. A flag's name is also its name
// in the environment and in the file; see sources. The tag secret masks a value in what is printed.

var groups = []kong.Group{
	{Key: "extraction", Title: "Extraction:"},
	{Key: "feeds", Title: "Feeds on the web:"},
	{Key: "index", Title: "Index on this machine:"},
	{Key: "web", Title: "Pages and API:"},
	{Key: "kafka", Title: "Kafka:"},
	{Key: "elasticsearch", Title: "Elasticsearch:"},
	{Key: "kibana", Title: "Kibana:"},
	{Key: "question", Title: "Question (all must hold):"},
	{Key: "observation", Title: "Observation:"},
	{Key: "logging", Title: "Logging:"},
}

type logSettings struct {
	LogLevel  string `group:"logging" enum:"debug,info,warn,error" default:"info" help:"Least level that is logged: debug, info, warn or error."`
	LogFormat string `group:"logging" enum:"auto,text,json" default:"auto" help:"Form of the workers' log lines: text, json, or auto, which is text on a terminal and json elsewhere."`
}

type extractionSettings struct {
	Engine     string   `group:"extraction" enum:"dateline,prose-v3,prose-v2" default:"dateline" help:"Recogniser of names: dateline, or as a baseline the stock prose-v3 or prose-v2."`
	Model      string   `group:"extraction" help:"Model of the dateline engine: news, open, or fast, which is less right and three times as fast. Default: news, or open where news is not built in."`
	Dictionary string   `group:"extraction" placeholder:"FILE" help:"Your own names, stronger than the model: name, type (person, organisation, place or stop), aliases with | between, and id, with tabs between."`
	MinScore   float64  `group:"extraction" default:"0" help:"Leave out names whose score is less (0 to 1)."`
	DateOrder  string   `group:"extraction" enum:"month-first,day-first" default:"month-first" help:"How 1/2/2025 is read where both readings are possible: month-first or day-first."`
	Languages  []string `group:"extraction" default:"en" placeholder:"TAG" help:"Languages to extract from, with commas between, or any. An article that says it is in another, or plainly is, is stored without extraction."`
	MaxText    size     `group:"extraction" default:"2MiB" help:"Longest text of an article; a longer one is a dead letter."`
	Workers    int      `group:"extraction" default:"0" help:"How many articles are extracted at once. 0: one for each processor."`

	correctionSettings
}

func (s *extractionSettings) check() error {
	switch {
	case math.IsNaN(s.MinScore) || s.MinScore < 0 || s.MinScore > 1:
		return usagef("--min-score is %v: want 0 to 1", s.MinScore)
	case s.Workers < 0:
		return usagef("--workers is %d: want 0 or more", s.Workers)
	case s.MaxText < 1:
		return usagef("--max-text is %d: want at least 1", s.MaxText)
	}
	_, err := s.gate()
	return err
}

// gate lets in the languages that are extracted from.
func (s *extractionSettings) gate() (*language.Gate, error) {
	g := &language.Gate{}
	for _, l := range s.Languages {
		tag := language.Canonical(l)
		switch {
		case strings.EqualFold(strings.TrimSpace(l), "any"):
			g.Any = true
		case tag == "":
			return nil, usagef("--languages has %q: want BCP 47 tags such as en, or any", l)
		case !slices.Contains(g.Languages, tag):
			g.Languages = append(g.Languages, tag)
		}
	}
	slices.Sort(g.Languages)
	return g, nil
}

type indexSettings struct {
	Index string `group:"index" default:"./dateline-index" placeholder:"FOLDER" help:"Folder of the embedded index."`
}

type deadSettings struct {
	Dead string `group:"index" placeholder:"FILE" help:"File for dead letters. Default: dead.jsonl beside the index."`
}

type kafkaSettings struct {
	Kafka         []string `group:"kafka" placeholder:"HOST:PORT" help:"Brokers to start from, with commas between."`
	Topic         string   `group:"kafka" default:"dateline-raw" help:"Topic of raw articles."`
	DeadTopic     string   `group:"kafka" default:"dateline-dead" help:"Topic of dead letters."`
	Group         string   `group:"kafka" default:"dateline" help:"Consumer group of the workers."`
	KafkaStart    string   `group:"kafka" enum:"earliest,latest" default:"earliest" help:"Where a new group begins: earliest or latest."`
	KafkaTLS      bool     `group:"kafka" name:"kafka-tls" help:"Connect with TLS."`
	KafkaCA       string   `group:"kafka" name:"kafka-ca" placeholder:"FILE" help:"PEM certificates to trust instead of the system's."`
	KafkaCert     string   `group:"kafka" placeholder:"FILE" help:"Our own PEM certificate."`
	KafkaKey      string   `group:"kafka" placeholder:"FILE" help:"Our own PEM key."`
	KafkaInsecure bool     `group:"kafka" help:"Accept any certificate. For trials only."`
	KafkaSASL     string   `group:"kafka" name:"kafka-sasl" enum:"none,plain,scram-sha-256,scram-sha-512" default:"none" help:"How to log in: none, plain, scram-sha-256 or scram-sha-512."`
	KafkaUser     string   `group:"kafka" help:"User to log in as."`
	KafkaPassword string   `group:"kafka" secret:"" placeholder:"PASSWORD" help:"The user's password; best given in the environment."`
}

// readSettings choose the topics that workers read, and status looks at.
type readSettings struct {
	Topics       []string `group:"kafka" placeholder:"TOPIC" help:"Topics that workers read, with commas between, instead of --topic."`
	TopicPattern string   `group:"kafka" placeholder:"REGEXP" help:"Workers read every topic whose whole name this matches, such as news-.*, also one that is made while they run, instead of --topic. Never the dead letters' topic."`
}

type elasticSettings struct {
	Elasticsearch         []string `group:"elasticsearch" placeholder:"URL" help:"Addresses, with commas between; http or https."`
	ElasticsearchUser     string   `group:"elasticsearch" help:"User to log in as."`
	ElasticsearchPassword string   `group:"elasticsearch" secret:"" placeholder:"PASSWORD" help:"The user's password; best given in the environment."`
	ElasticsearchAPIKey   string   `group:"elasticsearch" name:"elasticsearch-api-key" secret:"" placeholder:"KEY" help:"API key, instead of user and password: base64, as Elasticsearch gives it in \"encoded\"."`
	ElasticsearchCA       string   `group:"elasticsearch" name:"elasticsearch-ca" placeholder:"FILE" help:"PEM certificates to trust instead of the system's."`
	ElasticsearchInsecure bool     `group:"elasticsearch" help:"Accept any certificate. For trials only."`
	Prefix                string   `group:"elasticsearch" default:"dateline" help:"How the names of indices, aliases and templates begin."`
}

// topicSettings are only for setup.
type topicSettings struct {
	Partitions  int `group:"kafka" default:"6" help:"Partitions of a new raw topic: so many workers can share it."`
	Replication int `group:"kafka" default:"0" help:"Copies of a new topic. 0: as the broker is set."`
}

// size is a number of bytes: 2097152, 2048k, 2MB (of 1000) or 2MiB (of 1024).
type size int64

var sizeUnits = []struct {
	suffix string
	bytes  float64
}{{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"b", 1}}

// UnmarshalText reads a size.
func (s *size) UnmarshalText(b []byte) error {
	text := strings.ToLower(strings.TrimSpace(string(b)))
	factor := 1.0
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(text, u.suffix); ok {
			text, factor = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n*factor > math.MaxInt32 {
		return fmt.Errorf("%q is no size: want bytes, or such as 500kB or 2MiB", b)
	}
	*s = size(n * factor)
	return nil
}

func (s size) String() string {
	switch {
	case s > 0 && s%(1<<20) == 0:
		return fmt.Sprintf("%dMiB", s>>20)
	case s > 0 && s%(1<<10) == 0:
		return fmt.Sprintf("%dKiB", s>>10)
	}
	return strconv.FormatInt(int64(s), 10)
}
