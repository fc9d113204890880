package interop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.json.JSONObject;

/**
 * The Java stacks as a server of jobs: a line of JSON in, a line of JSON out, so that one JVM serves a whole test session.
 *
 * <p>`op` is `make` (a message with WSS4J), `accept` (is a message accepted by WSS4J), `call` (call a service with
 * CXF), `serve` (be a service that WSS4J guards) or `served` (what that saw). What goes wrong in a stack is `{"error": …}`.
 */
public final class Main {
    private Main() {
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        org.apache.wss4j.dom.engine.WSSConfig.init();
        BufferedReader jobs = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = jobs.readLine(); line != null; line = jobs.readLine()) {
            answers.println(answer(new JSONObject(line)));
        }
        System.exit(0); // the threads of a service that was started would go on
    }

    private static JSONObject answer(JSONObject job) {
        try {
            return switch (job.getString("op")) {
                case "make" -> new JSONObject().put("message", new Maker(job).make());
                case "accept" -> Receiver.judge(job);
                case "call" -> Caller.call(job);
                case "serve" -> Guarded.serve(job);
                case "served" -> Guarded.served();
                default -> throw new IllegalArgumentException("no such op");
            };
        } catch (Exception trouble) {
            return new JSONObject().put("error", causes(trouble));
        }
    }

    private static String causes(Throwable trouble) {
        StringBuilder text = new StringBuilder(trouble.toString());
        for (Throwable cause = trouble.getCause(); cause != null; cause = cause.getCause()) {
            text.append("\n  by ").append(cause);
        }
        return text.append("\n  at ").append(trouble.getStackTrace()[0]).toString();
    }
}
