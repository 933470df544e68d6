//  The end of czmq in the tests of security: zauth, zcert and zcertstore.
//
//  security_peer new PATH [NAME=VALUE ...]     makes a certificate and saves it, public and secret
//  security_peer show PATH                     prints what zcert_load reads
//  security_peer find FOLDER KEY               prints whether zcertstore has a key, and its metadata
//  security_peer serve PATH FOLDER             a PULL with a certificate, and zauth with a folder, or * for anyone
//  security_peer serve-plain PASSWORDS         a PULL of PLAIN, and zauth with a file
//  security_peer connect ENDPOINT PATH|- KEY|- a PUSH with a certificate that wants a server's key; - without any
//  security_peer connect-plain ENDPOINT NAME PASSWORD
//
//  What serves prints its endpoint and then each message, a line each, and "reloaded" for each line of its stdin. What connects prints what
//  became of its handshake, "in", "auth" or "out", and sends each line of its stdin. Both end with it.

#include <czmq.h>

#define EVENTS (ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | \
    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_DISCONNECTED)

static void say (const char *text)
{
    puts (text);
    fflush (stdout);
}

static int fail (const char *what)
{
    fprintf (stderr, "%s failed\n", what);
    return 1;
}

static void show (zcert_t *cert)
{
    zlist_t *names = zcert_meta_keys (cert);
    for (char *name = zlist_first (names); name; name = zlist_next (names))
        printf ("%s=%s\n", name, zcert_meta (cert, name));
    zlist_destroy (&names);
}

static int make (const char *path, int count, char **metadata)
{
    zcert_t *cert = zcert_new ();
    for (int index = 0; index < count; index++) {
        char *equals = strchr (metadata[index], '=');
        *equals = 0;
        zcert_set_meta (cert, metadata[index], "%s", equals + 1);
    }
    if (zcert_save (cert, path))
        return fail ("zcert_save");
    printf ("%s\n%s\n", zcert_public_txt (cert), zcert_secret_txt (cert));
    zcert_destroy (&cert);
    return 0;
}

static int load (const char *path)
{
    zcert_t *cert = zcert_load (path);
    if (!cert)
        return fail ("zcert_load");
    printf ("%s\n%s\n", zcert_public_txt (cert), zcert_secret_txt (cert));
    show (cert);
    zcert_destroy (&cert);
    return 0;
}

static int find (const char *folder, const char *key)
{
    zcertstore_t *store = zcertstore_new (folder);
    zcert_t *cert = zcertstore_lookup (store, key);
    say (cert ? "found" : "missing");
    if (cert)
        show (cert);
    zcertstore_destroy (&store);
    return 0;
}

//  Serves until stdin ends.
static int receive (zsock_t *pull, zactor_t *auth)
{
    if (zsock_bind (pull, "tcp://127.0.0.1:*") == -1)
        return fail ("zsock_bind");
    say (zsock_endpoint (pull));
    zmq_pollitem_t items[] = {{zsock_resolve (pull), 0, ZMQ_POLLIN, 0}, {NULL, STDIN_FILENO, ZMQ_POLLIN, 0}};
    char line[4096];
    while (zmq_poll (items, 2, -1) >= 0) {
        if (items[0].revents) {
            char *text = zstr_recv (pull);
            say (text);
            zstr_free (&text);
        }
        if (items[1].revents) {
            //  zauth looks at its folder by itself.
            if (read (STDIN_FILENO, line, sizeof line) <= 0)
                break;
            say ("reloaded");
        }
    }
    zsock_destroy (&pull);
    zactor_destroy (&auth);
    return 0;
}

static int serve (const char *command, const char *path, const char *value)
{
    zactor_t *auth = zactor_new (zauth, NULL);
    zstr_sendx (auth, command, value, NULL);
    zsock_wait (auth);
    zsock_t *pull = zsock_new (ZMQ_PULL);
    zsock_set_zap_domain (pull, "global");
    if (path) {
        zcert_t *cert = zcert_load (path);
        if (!cert)
            return fail ("zcert_load");
        zcert_apply (cert, pull);
        zcert_destroy (&cert);
        zsock_set_curve_server (pull, 1);
    }
    else
        zsock_set_plain_server (pull, 1);
    return receive (pull, auth);
}

static const char *outcome (int event)
{
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        return "in";
    return event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ? "auth" : "out";
}

//  Connects once, and sends what stdin says until it ends.
static int send_all (zsock_t *push, const char *endpoint)
{
    zsock_set_reconnect_ivl (push, -1);
    zsock_set_linger (push, 1000);
    zmq_socket_monitor (zsock_resolve (push), "inproc://monitor", EVENTS);
    zsock_t *monitor = zsock_new_pair (">inproc://monitor");
    if (zsock_connect (push, "%s", endpoint))
        return fail ("zsock_connect");
    zmsg_t *told = zmsg_recv (monitor);
    uint16_t event;
    memcpy (&event, zframe_data (zmsg_first (told)), sizeof event);
    zmsg_destroy (&told);
    say (outcome (event));
    char line[4096];
    while (fgets (line, sizeof line, stdin)) {
        line[strcspn (line, "\n")] = 0;
        zstr_send (push, line);
    }
    zmq_socket_monitor (zsock_resolve (push), NULL, 0);
    zsock_destroy (&monitor);
    zsock_destroy (&push);
    return 0;
}

static int connect_curve (const char *endpoint, const char *path, const char *key)
{
    zsock_t *push = zsock_new (ZMQ_PUSH);
    if (strcmp (path, "-")) {
        zcert_t *cert = zcert_load (path);
        if (!cert)
            return fail ("zcert_load");
        zcert_apply (cert, push);
        zcert_destroy (&cert);
        zsock_set_curve_serverkey (push, key);
    }
    return send_all (push, endpoint);
}

static int connect_plain (const char *endpoint, const char *name, const char *password)
{
    zsock_t *push = zsock_new (ZMQ_PUSH);
    zsock_set_plain_username (push, name);
    zsock_set_plain_password (push, password);
    return send_all (push, endpoint);
}

int main (int count, char **words)
{
    zsys_handler_set (NULL);
    const char *verb = count > 1 ? words[1] : "";
    if (!strcmp (verb, "new") && count > 2)
        return make (words[2], count - 3, words + 3);
    if (!strcmp (verb, "show") && count == 3)
        return load (words[2]);
    if (!strcmp (verb, "find") && count == 4)
        return find (words[2], words[3]);
    if (!strcmp (verb, "serve") && count == 4)
        return serve ("CURVE", words[2], words[3]);
    if (!strcmp (verb, "serve-plain") && count == 3)
        return serve ("PLAIN", NULL, words[2]);
    if (!strcmp (verb, "connect") && count == 5)
        return connect_curve (words[2], words[3], words[4]);
    if (!strcmp (verb, "connect-plain") && count == 5)
        return connect_plain (words[2], words[3], words[4]);
    fprintf (stderr, "usage: see the head of security_peer.c\n");
    return 2;
}
