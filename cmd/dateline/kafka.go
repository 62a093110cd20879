package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/kafka"
	"github.com/datelinenews/dateline/pipeline/status"
)

// required is an error of usage where no broker is set.
func (s *kafkaSettings) required() error {
	if len(s.Kafka) == 0 {
		return usagef("no Kafka is set: give --kafka localhost:9092, or %s, or \"kafka\" in the configuration file", envName("kafka"))
	}
	return nil
}

// chosen are the topics to read, or the pattern of their names.
func (s *kafkaSettings) chosen(r *readSettings) (topics []string, pattern *regexp.Regexp, err error) {
	switch {
	case r.TopicPattern != "" && len(r.Topics) > 0:
		return nil, nil, usagef("--topics and --topic-pattern are both set: give one of them")
	case r.TopicPattern != "":
		if pattern, err = kafka.Pattern(r.TopicPattern); err != nil {
			return nil, nil, usagef("--topic-pattern: %v", err)
		}
		return nil, pattern, nil
	case len(r.Topics) > 0:
		return r.Topics, nil, nil
	}
	return []string{s.Topic}, nil, nil
}

// looked says what status looks at in Kafka: the topics that are chosen, else --topic and whatever the workers'
// group has, for they may have been told otherwise.
func (s *kafkaSettings) looked(r *readSettings, cfg *status.Config) (err error) {
	cfg.Kafka, cfg.Group, cfg.DeadTopic = s.connection(), s.Group, s.DeadTopic
	cfg.Topics, cfg.Pattern, err = s.chosen(r)
	cfg.GroupTopics = len(r.Topics) == 0 && r.TopicPattern == ""
	return err
}

func (s *kafkaSettings) connection() kafka.Connection {
	c := kafka.Connection{
		Brokers: s.Kafka,
		TLS:     kafka.TLS{Enabled: s.KafkaTLS, CAFile: s.KafkaCA, CertFile: s.KafkaCert, KeyFile: s.KafkaKey, Insecure: s.KafkaInsecure},
	}
	if s.KafkaSASL != "none" {
		c.SASL = kafka.SASL{Mechanism: s.KafkaSASL, User: s.KafkaUser, Password: s.KafkaPassword}
	}
	return c
}

// rawMessage is a message as the raw topic has it: JSON, with the article's ID as its key, so that
// all revisions of an article are in one partition. JSON goes as it is, byte for byte; texts and
// pages become raw articles.
func rawMessage(m pipeline.Message, maxText int) (pipeline.Message, error) {
	if m.Err != nil {
		return m, m.Err
	}
	a, _, err := pipeline.Decode(m) // the workers warn of faults
	if err != nil {
		return m, err
	}
	if err := a.Validate(maxText); err != nil {
		return m, err
	}
	out := pipeline.Message{Key: []byte(a.ID), Value: m.Value, Format: pipeline.JSON, Origin: m.Origin}
	if m.Format == pipeline.JSON || m.Format == "" {
		return out, nil
	}
	raw := map[string]string{
		"id": a.ID, "url": a.URL, "title": a.Title, "text": a.Body, "source": a.Source, "language": a.Language,
	}
	const rfc3339 = "2006-01-02T15:04:05.999999999Z07:00"
	if !a.Published.IsZero() {
		raw["published"] = a.Published.Format(rfc3339)
	}
	if !a.Modified.IsZero() {
		raw["modified"] = a.Modified.Format(rfc3339)
	}
	for k, v := range raw {
		if v == "" {
			delete(raw, k)
		}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(raw); err != nil {
		return m, fmt.Errorf("encode article: %w", err)
	}
	out.Value = []byte(strings.TrimSuffix(b.String(), "\n"))
	return out, nil
}
