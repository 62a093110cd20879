package servers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// KafkaOptions say how a broker differs from the default; the zero value is a broker without
// security.
type KafkaOptions struct {
	// Protocols are further listeners, each on a port of its own: SSL, SASL_SSL, SASL_PLAINTEXT.
	// What they need is for Properties to say.
	Protocols []string
	// Properties go into server.properties and override the defaults.
	Properties map[string]string
	// Format are arguments for the storage tool, such as "--add-scram".
	Format []string
}

// Broker is a Kafka broker of a test's own: one node, KRaft mode.
type Broker struct {
	// Addr is host:port of the listener without security, the same over restarts.
	Addr string
	// Listeners has host:port for each of the options' Protocols.
	Listeners map[string]string

	java jdk
	jars string
	dir  string
	proc *process
}

// StartKafka starts a broker that ends with the test. It skips the test where there is none to be
// had, and never uses the one that the environment names, for it is there to be broken.
func StartKafka(t testing.TB, o KafkaOptions) *Broker {
	t.Helper()
	b, err := newBroker(o)
	need(t, "Kafka", err)
	t.Cleanup(func() {
		if err := b.remove(); err != nil {
			t.Errorf("remove Kafka: %v", err)
		}
	})
	need(t, "Kafka", b.start())
	return b
}

// Start starts the broker again after Stop or Kill, on the same port and data, and waits until it
// answers.
func (b *Broker) Start(t testing.TB) {
	t.Helper()
	need(t, "Kafka", b.start())
}

// Stop ends the broker in order and keeps its data.
func (b *Broker) Stop(t testing.TB) {
	t.Helper()
	if err := b.proc.stop(true); err != nil {
		t.Fatalf("stop Kafka: %v", err)
	}
}

// Kill ends the broker as kill -9 does and keeps its data.
func (b *Broker) Kill(t testing.TB) {
	t.Helper()
	if err := b.proc.kill(); err != nil {
		t.Fatalf("kill Kafka: %v", err)
	}
}

// newBroker formats a broker's folder.
func newBroker(o KafkaOptions) (*Broker, error) {
	java, err := findJava()
	if err != nil {
		return nil, err
	}
	jars, err := fetchKafka()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2 + len(o.Protocols))
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dateline-kafka-*")
	if err != nil {
		return nil, fmt.Errorf("make Kafka's folder: %w", err)
	}
	b := &Broker{Addr: local(ports[0]), Listeners: map[string]string{}, java: java, jars: jars, dir: dir}
	for i, p := range o.Protocols {
		b.Listeners[p] = local(ports[2+i])
	}
	if err := b.format(o, local(ports[1])); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return b, nil
}

// format writes the configuration and prepares the log folder.
func (b *Broker) format(o KafkaOptions, controller string) error {
	listeners := "PLAINTEXT://" + b.Addr
	for _, p := range o.Protocols {
		listeners += "," + p + "://" + b.Listeners[p]
	}
	props := map[string]string{
		"process.roles":                  "broker,controller",
		"node.id":                        "1",
		"controller.quorum.voters":       "1@" + controller,
		"controller.listener.names":      "CONTROLLER",
		"listeners":                      listeners + ",CONTROLLER://" + controller,
		"advertised.listeners":           listeners,
		"listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL",
		"log.dirs":                       filepath.Join(b.dir, "data"),
		// A test that expects a missing topic must not make one.
		"auto.create.topics.enable":                "false",
		"offsets.topic.replication.factor":         "1",
		"offsets.topic.num.partitions":             "4",
		"transaction.state.log.replication.factor": "1",
		"transaction.state.log.min.isr":            "1",
		// Tests wait for groups; production's defaults make them wait longer.
		"group.initial.rebalance.delay.ms": "0",
		"group.min.session.timeout.ms":     "1000",
		"log.retention.check.interval.ms":  "1000",
		"log.initial.task.delay.ms":        "500",
	}
	maps.Copy(props, o.Properties)
	var text strings.Builder
	for _, k := range slices.Sorted(maps.Keys(props)) {
		fmt.Fprintf(&text, "%s=%s\n", k, strings.ReplaceAll(props[k], "\n", `\n`))
	}
	config := filepath.Join(b.dir, "server.properties")
	if err := os.WriteFile(config, []byte(text.String()), 0o600); err != nil {
		return fmt.Errorf("write server.properties: %w", err)
	}
	// A cluster id is any base64 UUID; the folder is new, so the id need not be.
	args := append(b.jvm("kafka.tools.StorageTool"), "format", "-t", "RGF0ZWxpbmVUZXN0cy0wMQ", "-c", config)
	args = append(args, o.Format...)
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("format Kafka's storage: %w: %s", err, out)
	}
	return nil
}

// jvm returns the command line that runs one of Kafka's classes.
func (b *Broker) jvm(class string) []string {
	return []string{b.java.binary, "-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", filepath.Join(b.jars, "*"), class}
}

func (b *Broker) start() error {
	args := append(b.jvm("kafka.Kafka"), filepath.Join(b.dir, "server.properties"))
	p, err := startProcess(b.dir, false, nil, args)
	if err != nil {
		return err
	}
	b.proc = p
	return waitKafka(b.Addr, startLimit, p)
}

// remove ends the broker and removes its folder.
func (b *Broker) remove() error {
	var err error
	if b.proc != nil {
		err = b.proc.stop(false)
	}
	return errors.Join(err, os.RemoveAll(b.dir))
}

// waitKafka waits until the broker at addr has joined its cluster. It dials afresh each time: a
// kafka.Client would answer from its cache for a broker that is gone.
func waitKafka(addr string, limit time.Duration, p *process) error {
	return waitReady(limit, p, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		conn, err := kafka.DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		defer conn.Close() // nothing was written
		if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
			return err
		}
		brokers, err := conn.Brokers()
		if err == nil && len(brokers) == 0 {
			err = errors.New("no broker has registered")
		}
		return err
	})
}
