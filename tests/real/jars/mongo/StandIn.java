import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.h2.H2Backend;

/** Serves one H2 file as a MongoDB on a loopback port, for tests: `java -cp 'lib/*' StandIn.java PORT FILE`. */
public class StandIn {
    public static void main(String[] arguments) {
        MongoServer server = new MongoServer(new H2Backend(arguments[1]));
        // H2 writes in the background: it is on leaving that everything acknowledged reaches the file.
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
    }
}
