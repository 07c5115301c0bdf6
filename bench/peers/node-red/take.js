context.get("take")(msg.topic, msg.payload);
