package servers

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ElasticsearchOptions say how a node differs from the default; the zero value is a node without
// security.
type ElasticsearchOptions struct {
	// Password turns security on (basic authentication and API keys, over http); it is that of
	// the user "elastic". At least 6 characters.
	Password string
	// Settings go into elasticsearch.yml after the defaults, "name: value".
	Settings []string
}

// Node is an Elasticsearch node of a test's own.
type Node struct {
	// URL is http://host:port, the same over restarts.
	URL string

	java     jdk
	home     string
	dir      string
	password string
	proc     *process
}

// StartElasticsearch starts a node that ends with the test. It skips the test where there is none
// to be had, and never uses the one that the environment names, for it is there to be broken.
func StartElasticsearch(t testing.TB, o ElasticsearchOptions) *Node {
	t.Helper()
	n, err := newNode(o)
	need(t, "Elasticsearch", err)
	t.Cleanup(func() {
		if err := n.remove(); err != nil {
			t.Errorf("remove Elasticsearch: %v", err)
		}
	})
	need(t, "Elasticsearch", n.start())
	return n
}

// Start starts the node again after Stop or Kill, on the same port and data, and waits until it
// answers.
func (n *Node) Start(t testing.TB) {
	t.Helper()
	need(t, "Elasticsearch", n.start())
}

// Stop ends the node in order and keeps its data.
func (n *Node) Stop(t testing.TB) {
	t.Helper()
	if err := n.proc.stop(true); err != nil {
		t.Fatalf("stop Elasticsearch: %v", err)
	}
}

// Kill ends the node as kill -9 does and keeps its data.
func (n *Node) Kill(t testing.TB) {
	t.Helper()
	if err := n.proc.kill(); err != nil {
		t.Fatalf("kill Elasticsearch: %v", err)
	}
}

// jvmOptions keep a node small and quick to start. The temporary folder must be one that holds no
// configuration: the node refuses to start otherwise.
const jvmOptions = `-Djava.io.tmpdir=${ES_TMPDIR}
-Xms512m
-Xmx512m
-XX:+UseSerialGC
-XX:TieredStopAtLevel=1
-XX:-AlwaysPreTouch
`

const log4jProperties = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
`

// newNode writes a node's configuration into a new folder.
func newNode(o ElasticsearchOptions) (*Node, error) {
	java, err := findJava()
	if err != nil {
		return nil, err
	}
	home, err := fetchElasticsearch()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dateline-elasticsearch-*")
	if err != nil {
		return nil, fmt.Errorf("make Elasticsearch's folder: %w", err)
	}
	n := &Node{URL: "http://" + local(ports[0]), java: java, home: home, dir: dir, password: o.Password}
	if err := n.configure(o, ports[0], ports[1]); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return n, nil
}

func (n *Node) configure(o ElasticsearchOptions, port, transport int) error {
	settings := append([]string{
		"network.host: 127.0.0.1",
		fmt.Sprintf("http.port: %d", port),
		fmt.Sprintf("transport.port: %d", transport),
		"discovery.type: single-node",
		"path.data: " + filepath.Join(n.dir, "data"),
		"path.logs: " + filepath.Join(n.dir, "logs"),
		fmt.Sprintf("xpack.security.enabled: %t", o.Password != ""),
		// A nearly full disk must not make the tests' indices read-only.
		"cluster.routing.allocation.disk.threshold_enabled: false",
	}, o.Settings...)
	for name, text := range map[string]string{
		"elasticsearch.yml": strings.Join(settings, "\n") + "\n",
		"jvm.options":       jvmOptions,
		"log4j2.properties": log4jProperties,
	} {
		path := filepath.Join(n.dir, "config", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make Elasticsearch's configuration: %w", err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write Elasticsearch's configuration: %w", err)
		}
	}
	if err := os.Mkdir(filepath.Join(n.dir, "tmp"), 0o755); err != nil {
		return fmt.Errorf("make Elasticsearch's temporary folder: %w", err)
	}
	if o.Password != "" {
		if err := n.setPassword(o.Password); err != nil {
			return err
		}
	}
	if os.Getuid() != 0 {
		return nil
	}
	return filepath.WalkDir(n.dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, nobody, nobody)
	})
}

// setPassword puts the password of the user "elastic" into a new keystore.
func (n *Node) setPassword(password string) error {
	for _, step := range [][]string{{"create"}, {"add", "--stdin", "bootstrap.password"}} {
		args := append(n.launcher("keystore", "lib/tools/keystore-cli"), step...)
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(os.Environ(), n.env()...)
		cmd.Stdin = strings.NewReader(password + "\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s the keystore: %w: %s", step[0], err, out)
		}
	}
	return nil
}

// launcher returns the command line that runs one of Elasticsearch's tools, as the scripts in
// bin/, which the bundle lacks, would.
func (n *Node) launcher(name, libs string) []string {
	return []string{n.java.binary, "-Xms4m", "-Xmx64m", "-XX:+UseSerialGC",
		"-Dcli.name=" + name, "-Dcli.script=" + filepath.Join(n.home, "bin", "elasticsearch"), "-Dcli.libs=" + libs,
		"-Des.path.home=" + n.home, "-Des.path.conf=" + filepath.Join(n.dir, "config"),
		"-Des.distribution.type=zip", "-Des.java.type=ES_JAVA_HOME",
		"-cp", filepath.Join(n.home, "lib", "*") + ":" + filepath.Join(n.home, "lib", "cli-launcher", "*"),
		"org.elasticsearch.launcher.CliToolLauncher"}
}

func (n *Node) env() []string {
	return []string{"ES_JAVA_HOME=" + n.java.home, "ES_TMPDIR=" + filepath.Join(n.dir, "tmp"), "HOME=" + n.dir}
}

func (n *Node) start() error {
	// The tool looks for its libraries from Elasticsearch's home.
	args := append([]string{"/bin/sh", "-c", `cd "$0" && exec "$@"`, n.home}, n.launcher("server", "lib/tools/server-cli")...)
	p, err := startProcess(n.dir, os.Getuid() == 0, n.env(), args)
	if err != nil {
		return err
	}
	n.proc = p
	return waitElasticsearch(n.URL, n.password, startLimit, p)
}

// remove ends the node and removes its folder.
func (n *Node) remove() error {
	var err error
	if n.proc != nil {
		err = n.proc.stop(false)
	}
	return errors.Join(err, os.RemoveAll(n.dir))
}

// waitElasticsearch waits until the node at url has recovered its indices.
func waitElasticsearch(url, password string, limit time.Duration, p *process) error {
	client := &http.Client{Timeout: 10 * time.Second}
	return waitReady(limit, p, func() error {
		req, err := http.NewRequest(http.MethodGet, url+"/_cluster/health?wait_for_status=yellow&timeout=5s", nil)
		if err != nil {
			return err
		}
		if password != "" {
			req.SetBasicAuth("elastic", password)
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close() // read to its end below
		body, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", res.Status, body)
		}
		return err
	})
}
