package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
)

// acl is a right to a resource.
type acl struct {
	kind    kafka.ResourceType
	name    string
	allowed kafka.ACLOperationType
}

// Every process works with the rights that deploy/security/kafka.md lists for it, and no others, against a broker
// that keeps to them; and what lies beyond is refused with a word that says what is lacking.
func TestKafkaRights(t *testing.T) {
	users := []string{"setup", "worker", "ingest", "replay", "reader", "stranger"}
	jaas := "org.apache.kafka.common.security.plain.PlainLoginModule required"
	for _, u := range users {
		jaas += ` user_` + u + `="` + u + `-secret"`
	}
	broker := servers.StartKafka(t, servers.KafkaOptions{
		Protocols: []string{"SASL_PLAINTEXT"},
		Properties: map[string]string{
			"authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
			// Who comes without an account, as the controller and the test, may do all.
			"super.users":             "User:ANONYMOUS",
			"sasl.enabled.mechanisms": "PLAIN",
			"listener.name.sasl_plaintext.plain.sasl.jaas.config": jaas + ";",
		},
	})
	s := &stack{t: t, bin: binary(t), dir: t.TempDir(), kafka: broker.Listeners["SASL_PLAINTEXT"], prefix: "rights"}
	base := append(os.Environ(), "DATELINE_ELASTICSEARCH=", "DATELINE_KAFKA="+s.kafka, "DATELINE_KAFKA_SASL=plain", "DATELINE_TOPIC=news-raw", "DATELINE_DEAD_TOPIC=news-dead", "DATELINE_GROUP=readers", "NO_COLOR=1")
	as := func(user string) {
		s.env = append(base[:len(base):len(base)], "DATELINE_KAFKA_USER="+user, "DATELINE_KAFKA_PASSWORD="+user+"-secret")
	}
	const topic, group = kafka.ResourceTypeTopic, kafka.ResourceTypeGroup
	const read, write, describe, create = kafka.ACLOperationTypeRead, kafka.ACLOperationTypeWrite, kafka.ACLOperationTypeDescribe, kafka.ACLOperationTypeCreate
	grant(t, broker.Addr, map[string][]acl{
		"setup":  {{topic, "news-raw", create}, {topic, "news-raw", describe}, {topic, "news-dead", create}, {topic, "news-dead", describe}},
		"worker": {{topic, "news-raw", read}, {topic, "news-dead", write}, {group, "readers", read}},
		"ingest": {{topic, "news-raw", write}, {topic, "news-dead", write}},
		"replay": {{topic, "news-dead", read}, {topic, "news-raw", write}, {group, "readers-replay", read}},
		"reader": {{topic, "news-raw", describe}, {topic, "news-dead", read}, {group, "readers", describe}, {group, "readers-replay", describe}},
	})
	client := &kafka.Client{Addr: kafka.TCP(broker.Addr)}
	if res, err := client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: "other", NumPartitions: 1, ReplicationFactor: 1}}}); err != nil || res.Errors["other"] != nil {
		t.Fatal(err, res)
	}

	as("setup")
	s.run(0, "", "setup")
	as("ingest")
	s.run(3, raw(t, soakArticle(1))+raw(t, soakArticle(2))+`{"id":"cut`+"\n", "ingest", "--input", "jsonl", "-")
	as("reader")
	if out := s.run(0, "", "status", "--window", "1ms"); !strings.Contains(out, " 2 behind") || !strings.Contains(out, "news-dead") {
		t.Errorf("status says\n%s", out)
	}
	as("worker")
	index := filepath.Join(s.dir, "index")
	w := s.work("--index", index, "--stats", "1s")
	s.eventually("the articles are stored", time.Minute, func() bool { return strings.Contains(w.log.String(), `"stored":2`) })
	w.stop(t)
	as("replay")
	s.run(0, "", "replay")
	as("reader")
	if out := s.run(0, "", "status", "--window", "1ms"); !strings.Contains(out, " 1 behind") { // what was put back
		t.Errorf("status says\n%s", out)
	}

	if err := os.WriteFile(filepath.Join(s.dir, "good.txt"), []byte("The minister spoke in Nairobi."), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		user, want string
		args       []string
	}{
		{"worker", `"other"`, []string{"work", "--index", index, "--topic", "other"}},
		{"worker", "group others", []string{"work", "--index", index, "--group", "others"}},
		{"worker", "other", []string{"ingest", "--topic", "other", "good.txt"}},
		{"worker", "no topic matches", []string{"status", "--topic-pattern", "oth.*", "--window", "1ms"}},
		{"ingest", "group readers", []string{"work", "--index", index}},
		{"reader", "group readers", []string{"work", "--index", index}},
		{"reader", "news-raw", []string{"ingest", "good.txt"}},
		{"stranger", "news-raw", []string{"work", "--index", index}},
		{"stranger", "news-raw", []string{"ingest", "good.txt"}},
		{"stranger", "news-raw", []string{"setup"}},
		{"stranger", "news-dead", []string{"replay"}},
		{"stranger", "news-raw", []string{"status", "--window", "1ms"}},
	} {
		as(c.user)
		out, err := s.fails(c.args...)
		if err == nil || !strings.Contains(out, c.want) || c.want != "no topic matches" && !strings.Contains(out, "deploy/security/kafka.md") {
			t.Errorf("%s: dateline %s: %v\n%s\nwant an error that names %s and where the rights are listed", c.user, strings.Join(c.args, " "), err, out, c.want)
		}
	}
}

// grant gives accounts their rights.
func grant(t *testing.T, broker string, rights map[string][]acl) {
	t.Helper()
	var req kafka.CreateACLsRequest
	for user, all := range rights {
		for _, r := range all {
			req.ACLs = append(req.ACLs, kafka.ACLEntry{
				ResourceType: r.kind, ResourceName: r.name, ResourcePatternType: kafka.PatternTypeLiteral,
				Principal: "User:" + user, Host: "*", Operation: r.allowed, PermissionType: kafka.ACLPermissionTypeAllow,
			})
		}
	}
	client := &kafka.Client{Addr: kafka.TCP(broker)}
	res, err := client.CreateACLs(t.Context(), &req)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range res.Errors {
		if err != nil {
			t.Fatal(err)
		}
	}
}
